"""browser.py: headless Chromium, driven over its debugging pipe (the DevTools protocol).

    with Browser(folder) as browser:
        browser.open(path)
        assert browser.evaluate("document.title") == "..."
        picture = browser.screenshot()

Messages are JSON, each ended by a NUL byte, on file descriptors 3 (to the browser) and 4.
"""

import base64
import json
import os
import select
import struct
import subprocess
import time
import zlib

CHROMIUM = "/usr/bin/chromium"
LIMIT = 60  # seconds for an answer


class Browser:
    """One page. `trouble`: what it has complained of: errors, warnings, uncaught exceptions."""

    def __init__(self, folder, width=1400, height=1000, dark=False):
        words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--no-first-run", "--disable-extensions", "--disable-background-networking",
                 "--disable-dev-shm-usage", "--remote-debugging-pipe",
                 f"--user-data-dir={os.path.join(folder, 'browser')}",
                 f"--window-size={width},{height}"]
        self.trouble = []
        self._buffer = b""
        self._number = 0
        self._loaded = False
        to_read, self._to = os.pipe()
        self._from, from_write = os.pipe()
        # A shell puts the pipes to 3 and 4; theirs may be these very numbers, so by way of others.
        high = [os.dup2(to_read, 100, inheritable=True), os.dup2(from_write, 101, inheritable=True)]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", 'exec 3<&100 4>&101 100<&- 101>&-; exec "$@"', "browser", *words],
            pass_fds=high, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for fd in (*high, to_read, from_write):
            os.close(fd)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._page(f"{domain}.enable")
        self._page("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self._page("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        os.close(self._to)  # Chromium ends with its pipe
        try:
            self._process.wait(LIMIT)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._from)

    def _messages(self, deadline):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self._from, 1 << 20) if ready else b""
            assert data, "the browser has ended" if ready else "the browser does not answer"
            self._buffer += data
        *messages, self._buffer = self._buffer.split(b"\0")
        return [json.loads(message) for message in messages]

    def _hear(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.trouble.append(parameters["exceptionDetails"].get("exception", {}).get(
                "description", "an exception"))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.trouble.append(str(parameters["args"]))
        elif method == "Log.entryAdded":
            self.trouble.append(parameters["entry"]["text"])

    def _ask(self, method, session=None, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        os.write(self._to, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + LIMIT
        answer = None
        while answer is None:
            for message in self._messages(deadline):
                if message.get("id") == self._number:
                    answer = message
                self._hear(message)
        assert "error" not in answer, answer
        return answer["result"]

    def _page(self, method, **parameters):
        return self._ask(method, self._session, **parameters)

    def open(self, path):
        self._loaded = False
        self._page("Page.navigate", url=f"file://{path}")
        deadline = time.monotonic() + LIMIT
        while not self._loaded:
            for message in self._messages(deadline):
                self._hear(message)

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited if it is a promise."""
        result = self._page("Runtime.evaluate", expression=expression, returnByValue=True,
                            awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def settle(self):
        """What was asked for is drawn."""
        self.evaluate("new Promise(done => "
                      "requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, key, text=None):
        parameters = {"key": key, **({"text": text} if text else {})}
        self._page("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self._page("Input.dispatchKeyEvent", type="keyUp", key=key)

    def point(self, x, y):
        self._page("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, selector="body"):
        """PNG of an element, even where it is outside of the window."""
        box = self.evaluate(f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            const box = element.getBoundingClientRect();
            return {{x: Math.floor(box.x + scrollX), y: Math.floor(box.y + scrollY), scale: 1,
                     width: Math.ceil(box.width), height: Math.ceil(box.height)}}; }})()""")
        data = self._page("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                          clip=box)
        return base64.b64decode(data["data"])


def _unfilter(kind, line, above, step):
    for i, value in enumerate(line):
        left = line[i - step] if i >= step else 0
        up, corner = above[i], above[i - step] if i >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            base = left + up - corner
            guess = min((left, up, corner), key=lambda near: abs(base - near))
        else:
            guess = 0
        line[i] = value + guess & 0xff


def png_colours(png):
    """{"#rrggbb": pixels} of a PNG of 8-bit RGB or RGBA, not interlaced."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, header = 8, b"", None
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        chunk = png[at + 8:at + 8 + length]
        header = struct.unpack(">IIBBBBB", chunk) if name == b"IHDR" else header
        data += chunk if name == b"IDAT" else b""
        at += length + 12
    width, height, depth, kind, _, _, interlaced = header
    assert depth == 8 and kind in (2, 6) and not interlaced
    step = 3 if kind == 2 else 4
    raw, colours = zlib.decompress(data), {}
    above = bytearray(width * step)
    for row in range(height):
        start = row * (width * step + 1)
        line = bytearray(raw[start + 1:start + 1 + width * step])
        _unfilter(raw[start], line, above, step)
        for i in range(0, len(line), step):
            pixel = bytes(line[i:i + 3])
            colours[pixel] = colours.get(pixel, 0) + 1
        above = line
    return {"#" + pixel.hex(): count for pixel, count in colours.items()}
