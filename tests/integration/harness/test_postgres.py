import psycopg
import pytest

from tests.harness.postgres import PostgresServer


def test_vectors_can_be_stored_and_compared(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        row = connection.execute("SELECT '[1,2]'::vector <-> '[1,5]'::vector").fetchone()

    assert row == (3.0,)


def test_a_database_carries_our_schema_and_nothing_of_another_test(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()

    assert ("responses",) in tables


def test_databases_are_apart(postgres: PostgresServer) -> None:
    with postgres.temporary_database() as one, postgres.temporary_database() as other:
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE mine ()")
        with psycopg.connect(other) as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT FROM mine")


def test_a_database_is_dropped_although_somebody_is_connected(postgres: PostgresServer) -> None:
    with postgres.temporary_database() as url:
        connection = psycopg.connect(url)

    with connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_text_is_unicode_and_folds_its_case(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        row = connection.execute("SELECT lower('ÄÉ'), length('\N{GRINNING FACE}')").fetchone()

    assert row == ("äé", 1)


def test_what_was_committed_outlives_a_kill(private_postgres: PostgresServer) -> None:
    with psycopg.connect(private_postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

        private_postgres.kill()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    private_postgres.restart()

    with psycopg.connect(private_postgres.url()) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_stopped_server_comes_back_on_its_port(private_postgres: PostgresServer) -> None:
    private_postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(private_postgres.url())

    private_postgres.restart()

    psycopg.connect(private_postgres.url()).close()
