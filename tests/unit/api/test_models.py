"""Which model a request may name, and who answers it."""

from typing import Any

import pytest

from millstream_api.asking import check_model
from millstream_api.errors import ApiError
from millstream_api.settings import Settings


def settings(**changes: Any) -> Settings:
    return Settings(
        database_url="postgresql://localhost/x",
        redis_url="redis://localhost",
        chat_endpoint="small",
        chat_endpoints=("large", "small"),
        **changes,
    )


def test_every_model_is_named_once_and_the_default_first() -> None:
    assert settings().models == ("small", "large")


@pytest.mark.parametrize("model", [None, "small", "large"])
def test_a_model_that_is_served_may_be_asked(model: str | None) -> None:
    check_model(model, settings())

    assert settings().endpoint_for(model) == (model or "small")


def test_another_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ApiError) as refused:
        check_model("gpt-4o", settings())

    assert refused.value.param == "model"
    assert "small, large" in refused.value.message


def test_another_is_answered_by_the_default_where_that_is_set() -> None:
    lenient = settings(unknown_model="default")

    check_model("gpt-4o", lenient)

    assert lenient.endpoint_for("gpt-4o") == "small"
