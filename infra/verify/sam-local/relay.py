"""Relays connections from containers to the engines, which listen on loopback only. Usage: relay.py GATEWAY TARGET, the
address of the host on Docker's bridge and the engines' `host:port`; prints its own `host:port`."""

import asyncio
import sys

gateway, target = sys.argv[1], sys.argv[2].rsplit(":", 1)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    engines = await asyncio.open_connection(target[0], int(target[1]))
    await asyncio.gather(pump(reader, engines[1]), pump(engines[0], writer))


async def main() -> None:
    server = await asyncio.start_server(relay, gateway, 0)
    print(":".join(str(part) for part in server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


asyncio.run(main())
