"""Entry point of the CDK: ``cdk synth -c target=embedded|localstack|aws``."""

import os
import sys
from pathlib import Path

# The environment's own Node, whatever the system has; the construct library runs on it.
NODE = Path(sys.executable).with_name("node")
if NODE.exists():
    os.environ.setdefault("JSII_NODE", str(NODE))
# The construct library's check of every template takes longer than all else; tests/infra have cfn-lint.
os.environ.setdefault("CDK_VALIDATION", "false")
# Compiling the construct library takes a quarter of a minute: keep the bytecode in our own environment.
sys.dont_write_bytecode = False


def main() -> int:
    """Write the templates of the named target; return the exit status."""
    from infra_cdk.application import from_command_line, new_app
    from infra_cdk.constructs.functions.layers import MissingBundleError
    from infra_cdk.settings import TargetError

    app = new_app()
    try:
        from_command_line(app)
    except (TargetError, MissingBundleError) as err:
        print(f"error: {err}", file=sys.stderr)  # noqa: T201 - the output of a command
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
