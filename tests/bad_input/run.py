#!/usr/bin/env python3
"""Bad input, item by item, through the real `suanpan serve` and `suanpan sandbox`.

  run.py --list               the items, one a line; tests/CMakeLists.txt makes each a test that bears its name
  run.py PROGRAM ITEM         runs one; exit status 0 if all held, 77 if it cannot run here

Items: requests_to_both.py, signatures.py, transport.py, from_outside.py, data_directory.py, full_disk.py. What they
share: items.py and tests/support/engine.py.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import data_directory  # noqa: E402, F401
import from_outside  # noqa: E402, F401
import full_disk  # noqa: E402, F401
import items  # noqa: E402
import requests_to_both  # noqa: E402, F401
import signatures  # noqa: E402, F401
import transport  # noqa: E402, F401

if sys.argv[1] == "--list":
    print("\n".join(items.ITEMS))
else:
    items.main(sys.argv[1], sys.argv[2])
