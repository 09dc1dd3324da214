"""`python -m consentry.cli`."""

import sys

from . import main

sys.exit(main())
