from millstream_models.payloads import Message
from millstream_models.prompt import Passage, read_prompt


def user(content: str) -> Message:
    return Message(role="user", content=content)


SYSTEM = Message(role="system", content="Answer from the passages.")


def test_passages_and_question_are_read_back() -> None:
    content = "Passages:\n\n[1] Streams\nXADD appends.\n\n[2] Keys\nDEL deletes.\n\nQuestion: What?"

    prompt = read_prompt([SYSTEM, user(content)])

    assert prompt.question == "What?"
    assert prompt.passages == (
        Passage(1, "Streams", "XADD appends."),
        Passage(2, "Keys", "DEL deletes."),
    )


def test_a_passage_keeps_its_paragraphs_and_its_own_references() -> None:
    text = "First.\n\nSecond.\n\n[1] a reference\n\nQuestion: is this one?\nNo."
    content = f"Passages:\n\n[3] Title\n{text}\n\n[4] Next\nMore.\n\nQuestion: The real one?"

    prompt = read_prompt([user(content)])

    assert prompt.question == "The real one?"
    assert prompt.passages == (Passage(3, "Title", text), Passage(4, "Next", "More."))


def test_the_last_user_message_counts_and_earlier_turns_do_not() -> None:
    earlier = [user("Passages:\n\n[1] Old\nOld.\n\nQuestion: Old?")]
    earlier.append(Message(role="assistant", content="Old answer [1]"))
    last = user("Passages:\n\n[1] New\nNew.\n\nQuestion: New?")
    prefix = Message(role="assistant", content="Ne")

    prompt = read_prompt([SYSTEM, *earlier, last, prefix])

    assert prompt.question == "New?"
    assert prompt.passages == (Passage(1, "New", "New."),)


def test_windows_line_ends_and_an_empty_passage_are_read() -> None:
    prompt = read_prompt([user("Passages:\r\n\r\n[1] Empty\r\n\r\nQuestion: Where?")])

    assert prompt.question == "Where?"
    assert prompt.passages == (Passage(1, "Empty", ""),)


def test_a_message_of_another_form_is_all_question() -> None:
    assert read_prompt([user("Hello there")]).question == "Hello there"
    assert read_prompt([user("Hello there")]).passages == ()
    assert read_prompt([SYSTEM]).question == ""


def test_content_given_as_text_parts_is_joined() -> None:
    message = Message.model_validate(
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    )

    assert message.content == "ab"
