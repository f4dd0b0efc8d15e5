"""``/serving-endpoints/...``: the addresses that Databricks' clients append to a workspace's host.

``ChatDatabricks`` takes a host, and no base URL: with these it works against Millstream, too.
"""

from flask import Blueprint

from millstream_api.routes import chat, responses

blueprint = Blueprint("serving_endpoints", __name__, url_prefix="/serving-endpoints")

blueprint.add_url_rule("/responses", "responses", responses.create, methods=["POST"])
blueprint.add_url_rule("/chat/completions", "chat", chat.create, methods=["POST"])
