"""Opens a page of the dashboard as a browser's tab does, and reads on for a while.

Run it in the dashboard's container with a query and seconds.
"""

import asyncio
import sys
from contextlib import suppress

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect


async def main(query: str, seconds: float) -> None:
    message = BackMsg()
    message.rerun_script.query_string = query.lstrip("?")
    async with connect(
        "ws://127.0.0.1:8501/_stcore/stream", subprotocols=["streamlit"], max_size=None
    ) as socket:
        await socket.send(message.SerializeToString())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for _ in socket:
                    pass


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
