"""Creates a guest, a room and a second member at a server, and prints them as variables of a shell."""

import json
import sys
from urllib.request import Request, urlopen

BASE = sys.argv[1]


def post(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    with urlopen(Request(BASE + path, json.dumps(body).encode(), headers)) as response:
        return json.load(response)


host = post("/auth/guest", {"display_name": "Ada"})["access_token"]
guest = post("/auth/guest", {"display_name": "Ben"})["access_token"]
room_id = post("/rooms", {"name": "Friday"}, host)["room_id"]
participant_id = post(f"/rooms/{room_id}/join", {}, guest)["participant_id"]
print(f"TOKEN={host} ROOM_ID={room_id} PARTICIPANT_ID={participant_id}")
