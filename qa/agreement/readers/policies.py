"""See `python`, which starts this."""

import sys

from consentry import Policy, ValidationError

for line in sys.stdin:
    try:
        answer = Policy.parse(bytes.fromhex(line)).hash
    except ValidationError as refused:
        answer = refused.code
    print(answer)
