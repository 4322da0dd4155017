"""The control routes that switch faults on and off: GET, POST and DELETE."""

import dataclasses

from aiohttp import web

from sandbox.answers import bad_request, json_answer, read_object
from sandbox.fault_box import FaultBox


def add_fault_routes(app: web.Application, path: str, box: FaultBox) -> None:
    """Let `path` show, merge and clear the faults of `box`."""

    def show() -> web.Response:
        return json_answer(
            {
                "faults": dataclasses.asdict(box.current),
                "seconds_left": box.seconds_left,
                "injected": dict(box.injected),
            }
        )

    async def get(_request: web.Request) -> web.Response:
        return show()

    async def post(request: web.Request) -> web.Response:
        try:
            box.merge(await read_object(request))
        except ValueError as exc:
            raise bad_request(str(exc)) from exc
        return show()

    async def delete(_request: web.Request) -> web.Response:
        box.clear()
        return show()

    app.router.add_get(path, get)
    app.router.add_post(path, post)
    app.router.add_delete(path, delete)
