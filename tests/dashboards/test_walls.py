"""What draws does not know what shows it, and what serves maps needs no dashboard to run."""

import subprocess
import sys

import pytest

PURE = ("charts", "maps", "plot", "markup", "sentences", "theme", "words", "data", "routes")


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_loads_no_streamlit_and_no_etl(module):
    loaded = "{name.split('.')[0] for name in sys.modules}"
    code = f"import sys, dashboards.{module}; print({{'streamlit', 'etl'}} & {loaded})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
