from millstream_models.sentences import split_sentences


def test_wrapped_lines_are_one_sentence() -> None:
    text = "The log holds\nevery token. Viewers read  the log!\nIs it kept?"

    assert split_sentences(text) == [
        "The log holds every token.",
        "Viewers read the log!",
        "Is it kept?",
    ]


def test_a_sentence_that_speaks_of_the_last_one_stays_with_it() -> None:
    text = "The limit is soft. It is 0 by default. All readers wait.\n\nThis starts a paragraph."

    assert split_sentences(text) == [
        "The limit is soft. It is 0 by default.",
        "All readers wait.",
        "This starts a paragraph.",
    ]


def test_sentences_that_lean_on_each_other_do_not_grow_without_end() -> None:
    text = " ".join(["It goes on and on and on like this."] * 30)

    assert max(len(sentence.split()) for sentence in split_sentences(text)) <= 60


def test_abbreviations_versions_and_file_names_do_not_end_a_sentence() -> None:
    text = "Use a store, e.g. Redis 7.2 or later, i.e. Valkey. See config.toml for more."

    assert split_sentences(text) == [
        "Use a store, e.g. Redis 7.2 or later, i.e. Valkey.",
        "See config.toml for more.",
    ]


def test_list_items_are_sentences_without_their_marks() -> None:
    text = "Signals:\n\n- `TERM` stops the server\n- `HUP` reloads its settings\n1. Do this first"

    assert split_sentences(text) == [
        "`TERM` stops the server",
        "`HUP` reloads its settings",
        "Do this first",
    ]


def test_headings_tables_and_code_are_left_out() -> None:
    prose = "Real text is kept.\n\nAnd so is this."
    text = f"# A long heading here\n\n{prose}\n\n| a | b |\n\n```sh\nls -l every file\n```\n"

    assert split_sentences(text) == ["Real text is kept.", "And so is this."]


def test_letters_and_signs_of_other_scripts_are_kept() -> None:
    assert split_sentences("Größe zählt hier nicht. Ünïcödé bleibt 😀 ganz.") == [
        "Größe zählt hier nicht.",
        "Ünïcödé bleibt 😀 ganz.",
    ]


def test_two_words_alone_are_no_sentence() -> None:
    assert split_sentences("See also") == []
