"""The operations on conversations and their items."""

from typing import Final

from scripts.openapi.operation import Operation
from scripts.openapi.response_operations import PAGE

_ITEM: Final = ("ConversationId", "ItemId")

CONVERSATION_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("post", "/v1/conversations"): Operation(
        "createConversation",
        "Begin a conversation",
        "conversations",
        "Conversation",
        body="CreateConversation",
        body_is_required=False,
    ),
    ("get", "/v1/conversations"): Operation(
        "listConversations",
        "List your conversations, newest first (ours)",
        "conversations",
        "ConversationList",
        parameters=["Limit", "After", "Order", "Sought", "Include", "IncludeBrackets"],
    ),
    ("get", "/v1/conversations/{conversation_id}"): Operation(
        "retrieveConversation",
        "Read a conversation",
        "conversations",
        "Conversation",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("post", "/v1/conversations/{conversation_id}"): Operation(
        "updateConversation",
        "Change title or metadata",
        "conversations",
        "Conversation",
        body="UpdateConversation",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("delete", "/v1/conversations/{conversation_id}"): Operation(
        "deleteConversation",
        "Delete a conversation with all that was said in it",
        "conversations",
        "ConversationDeleted",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("get", "/v1/conversations/{conversation_id}/items"): Operation(
        "listItems",
        "List what was said",
        "conversations",
        "ItemList",
        parameters=["ConversationId", *PAGE],
        errors=[404],
    ),
    ("post", "/v1/conversations/{conversation_id}/items"): Operation(
        "addItems",
        "Add messages; nothing is answered",
        "conversations",
        "ItemList",
        body="AddItems",
        parameters=["ConversationId", "Include", "IncludeBrackets"],
        errors=[404],
    ),
    ("get", "/v1/conversations/{conversation_id}/items/{item_id}"): Operation(
        "retrieveItem",
        "Read one item",
        "conversations",
        "Item",
        parameters=[*_ITEM, "Include", "IncludeBrackets"],
        errors=[404],
    ),
    ("delete", "/v1/conversations/{conversation_id}/items/{item_id}"): Operation(
        "deleteItem",
        "Take one item out; answers with the conversation",
        "conversations",
        "Conversation",
        parameters=_ITEM,
        errors=[404],
    ),
}
