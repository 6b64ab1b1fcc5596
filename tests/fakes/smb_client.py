"""An SMB client that sets the file's size before it writes, as Windows does when it copies a file.

``python -m tests.fakes.smb_client HOST PORT SHARE NAME FILE ORDER``: writes the file in quarters, in the order given
(``0123``; Windows has several writes on their way at once, so ``2013`` is possible), and says a line on its standard
output after the size and after each quarter. Before each quarter it waits for a line on its standard input.
"""

import sys
import uuid
from pathlib import Path

from smbprotocol.connection import Connection
from smbprotocol.file_info import FileEndOfFileInformation
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect


def main(host, port, share, name, file, order):  # noqa: PLR0917 - the command line's words
    """Send one file."""
    content = Path(file).read_bytes()
    connection = Connection(uuid.uuid4(), host, int(port), require_signing=False)
    connection.connect()
    session = Session(connection, "guest", "", require_encryption=False, auth_protocol="ntlm")
    session.connect()
    tree = TreeConnect(session, rf"\\{host}\{share}")
    tree.connect(require_secure_negotiate=False)
    target = Open(tree, name)
    target.create(
        ImpersonationLevel.Impersonation,
        FilePipePrinterAccessMask.GENERIC_WRITE,
        FileAttributes.FILE_ATTRIBUTE_NORMAL,
        ShareAccess.FILE_SHARE_READ,
        CreateDisposition.FILE_CREATE,
        CreateOptions.FILE_NON_DIRECTORY_FILE,
    )
    set_size(target, len(content))
    print("size", flush=True)  # noqa: T201
    quarter = -(-len(content) // 4)
    for number in map(int, order):
        sys.stdin.readline()
        at = number * quarter
        for start in range(at, min(at + quarter, len(content)), 1 << 16):
            target.write(content[start : min(start + (1 << 16), at + quarter)], start)
        print(number, flush=True)  # noqa: T201
    sys.stdin.readline()
    target.close()
    connection.disconnect()


def set_size(target, size):
    """SMB2 SET_INFO with FileEndOfFileInformation ([MS-SMB2] 2.2.39, [MS-FSCC] 2.4.13)."""
    wanted = FileEndOfFileInformation()
    wanted["end_of_file"] = size
    ask = SMB2SetInfoRequest()
    ask["info_type"] = 1  # SMB2_0_INFO_FILE
    ask["file_info_class"] = wanted.INFO_CLASS
    ask["file_id"] = target.file_id
    ask["buffer"] = wanted
    connection, tree = target.connection, target.tree_connect
    connection.receive(connection.send(ask, tree.session.session_id, tree.tree_connect_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
