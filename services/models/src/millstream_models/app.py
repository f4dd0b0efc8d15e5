"""The HTTP face: Databricks Model Serving's paths over the endpoints."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from millstream_models.answering import ChatAnswer
from millstream_models.errors import EndpointNotFound, InvalidRequest, RequestTooLarge, ServingError
from millstream_models.payloads import ChatRequest, EmbeddingsRequest, parse
from millstream_models.serving import EMBEDDINGS_ENDPOINT, Endpoints
from millstream_models.settings import Settings
from millstream_models.wire import embeddings


class ServingApi:
    """The request handlers. Any bearer token is accepted, and none is asked for."""

    def __init__(self, endpoints: Endpoints, settings: Settings) -> None:
        self._endpoints = endpoints
        self._settings = settings

    def routes(self) -> list[Route]:
        """Every path that is served."""
        serving = "/serving-endpoints"
        return [
            Route("/healthz", self.healthz),
            Route("/.well-known/databricks-config", self.databricks_config),
            Route(serving, self.list_endpoints),
            Route(f"{serving}/chat/completions", self.chat, methods=["POST"]),
            Route(f"{serving}/embeddings", self.embed, methods=["POST"]),
            Route(f"{serving}/{{name}}/invocations", self.invoke, methods=["POST"]),
            Route(f"{serving}/{{name}}", self.show_endpoint),
        ]

    async def healthz(self, _: Request) -> Response:
        """The process is up; what it is working on."""
        return JSONResponse(
            {
                "status": "ok",
                "active_generations": self._endpoints.active_generations,
                "finished_generations": self._endpoints.finished_generations,
            }
        )

    async def databricks_config(self, _: Request) -> Response:
        """Every WorkspaceClient asks for this once; there is nothing to tell."""
        return JSONResponse({})

    async def list_endpoints(self, _: Request) -> Response:
        """All endpoints."""
        return JSONResponse({"endpoints": [self._describe(name) for name in self._endpoints.tasks]})

    async def show_endpoint(self, request: Request) -> Response:
        """One endpoint."""
        name = request.path_params["name"]
        if name not in self._endpoints.tasks:
            raise EndpointNotFound(f"The endpoint '{name}' does not exist.")
        return JSONResponse(self._describe(name))

    async def chat(self, request: Request) -> Response:
        """A chat completion; the body names the endpoint."""
        chat = parse(ChatRequest, await self._body(request))
        return ChatAnswer(self._endpoints, self._endpoints.chat(_named(chat.model)), chat)

    async def embed(self, request: Request) -> Response:
        """Embeddings; the body names the endpoint."""
        wanted = parse(EmbeddingsRequest, await self._body(request))
        return await self._embed(_named(wanted.model), wanted)

    async def invoke(self, request: Request) -> Response:
        """A call of the endpoint in the path, of either kind."""
        name = request.path_params["name"]
        body = await self._body(request)
        if name == EMBEDDINGS_ENDPOINT:
            return await self._embed(name, parse(EmbeddingsRequest, body))
        endpoint = self._endpoints.chat(name)
        return ChatAnswer(self._endpoints, endpoint, parse(ChatRequest, body))

    async def _embed(self, name: str, wanted: EmbeddingsRequest) -> Response:
        embedder = self._endpoints.embedder(name)
        limit = self._settings.embeddings_batch_limit
        if not 1 <= len(wanted.texts) <= limit:
            raise InvalidRequest(f"input: 1 to {limit} texts are accepted, not {len(wanted.texts)}")
        vectors = await embedder.embed(wanted.texts, wanted.input_type)
        tokens = sum(embedder.count_tokens(text, wanted.input_type) for text in wanted.texts)
        as_base64 = wanted.encoding_format == "base64"
        return JSONResponse(embeddings(name, vectors, tokens=tokens, as_base64=as_base64))

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > (limit := self._settings.max_request_bytes):
                raise RequestTooLarge(f"The request's body is larger than {limit} bytes.")
        return bytes(body)

    def _describe(self, name: str) -> dict[str, object]:
        return {
            "name": name,
            "task": self._endpoints.tasks[name],
            "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
        }


def create_app(
    endpoints: Endpoints, settings: Settings, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """The ASGI application."""
    return Starlette(
        routes=ServingApi(endpoints, settings).routes(),
        exception_handlers={ServingError: _refuse, HTTPException: _refuse_path},
        lifespan=lifespan,
    )


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, ServingError):
        raise error
    return JSONResponse(error.body(), error.status)


async def _refuse_path(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    body = {"error_code": "ENDPOINT_NOT_FOUND", "message": error.detail}
    return JSONResponse(body, error.status_code, headers=error.headers)


def _named(model: str | None) -> str:
    if not model:
        raise InvalidRequest("model: the name of an endpoint is required")
    return model
