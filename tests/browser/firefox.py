"""Firefox, driven by its own protocol of remote control, Marionette, which Playwright's client does not speak.

Messages are `LENGTH:JSON` over TCP; the commands are those of W3C's WebDriver.
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import shutil
import socket
import time
from typing import Any

from tests.people import PATIENCE
from tests.processes import POLL_SECONDS, TemporaryProgram, free_port

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # by WebDriver's standard
# Those that scripts and the Content-Security-Policy make; a warning bears the flag 1.
_ERRORS = """return Services.console.getMessageArray().flatMap((message) => {
  if (!(message instanceof Ci.nsIScriptError) || message.flags & 1) return [];
  return message.sourceName.startsWith(arguments[0]) ? [`${message.sourceName}: ${message.errorMessage}`] : [];
})"""


class Firefox(TemporaryProgram):
    """`with Firefox() as firefox`: one window without a screen."""

    signal_at_death_of_tests = "TERM"

    def __init__(self) -> None:
        super().__init__()
        self._port, self._sent = free_port(), 0
        self._socket: socket.socket | None = None

    def prepare(self) -> None:
        (self.folder / "profile").mkdir()
        (self.folder / "profile" / "user.js").write_text(f'user_pref("marionette.port", {self._port});\n')

    def command(self) -> list[str]:
        assert PROGRAM
        return [
            PROGRAM, "--headless", "--no-remote", "--profile", str(self.folder / "profile"),
            # The last one lets `errors` read the browser's own console.
            "--marionette", "--remote-allow-system-access",
        ]  # fmt: skip

    def is_ready(self) -> bool:
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        except OSError:
            return False
        self._messages = self._socket.makefile("rb")
        self._read()
        self.call("WebDriver:NewSession")
        self.call("WebDriver:SetTimeouts", script=PATIENCE * 1000)
        return True

    def end(self) -> None:
        super().end()
        if self._socket:
            self._messages.close()
            self._socket.close()

    def call(self, command: str, **parameters: Any) -> Any:
        """Raises RuntimeError with what Firefox says."""
        assert self._socket
        self._sent += 1
        message = json.dumps([0, self._sent, command, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _read(self) -> Any:
        size = b""
        while (byte := self._messages.read(1)) != b":":
            assert byte, "Firefox has ended"
            size += byte
        return json.loads(self._messages.read(int(size)))

    # ---- What people do -------------------------------------------------------------------

    def open(self, url: str) -> None:
        self.call("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What the script returns."""
        return self.call("WebDriver:ExecuteScript", script=script, args=arguments)

    def wait(self, script: str, *arguments: Any) -> Any:
        """Until the expression is something true, which is returned."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.run(f"return {script}", *arguments)):
            assert time.monotonic() < deadline, f"never true: {script} {arguments}"
            time.sleep(POLL_SECONDS)
        return found

    def click(self, xpath: str) -> None:
        self.call("WebDriver:ElementClick", id=self._find("xpath", xpath))

    def type(self, selector: str, text: str) -> None:
        """Into a field; for one of files, paths on lines of their own."""
        self.call("WebDriver:ElementSendKeys", id=self._find("css selector", selector), text=text)

    def _find(self, using: str, value: str) -> str:
        """Once it is there."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.call("WebDriver:FindElements", using=using, value=value)):
            assert time.monotonic() < deadline, f"not there: {value}"
            time.sleep(POLL_SECONDS)
        return str(found[0][_ELEMENT])

    def errors(self, url: str) -> list[str]:
        """Of scripts and policies of the pages below this URL."""
        self.call("Marionette:SetContext", value="chrome")
        found: list[str] = self.run(_ERRORS, url)
        self.call("Marionette:SetContext", value="content")
        return found
