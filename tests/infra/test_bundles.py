"""What ships as layers: locked, small enough, and the same bytes every time."""

import dataclasses
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aws_cdk as cdk
import holidays
import pytest

from infra_cdk.constructs.functions import layers
from infra_cdk.constructs.functions.layers import Layers, MissingBundleError
from infra_cdk.settings import BY_TARGET, EMBEDDED, ROOT, InfraSettings
from layers.build import SETS, _compile, _strip, _zip, build, lock_file, platform_of
from layers.locks import IMAGES, IN_RUNTIME, TOOLS_ONLY

PREDICTOR_MB = 150
AWS_LIMIT_MB = 250
PIN = re.compile(r"^(?P<name>[a-z0-9][\w.-]*)(\[\w+\])?==(?P<version>\S+)", re.MULTILINE)
LOCKS = [*(lock_file(name) for name in SETS), *(ROOT / folder / "requirements.lock" for folder in IMAGES)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_a_lock_names_the_versions_of_the_project_lock_with_hashes(lock: Path) -> None:
    text, project = lock.read_text(), _pins(ROOT / "requirements.lock")
    pins = _pins(lock)
    assert pins
    assert pins <= project
    assert text.count("--hash=sha256:") >= len(pins)


@pytest.mark.parametrize("name", SETS)
def test_a_layer_leaves_out_what_the_runtime_brings(name: str) -> None:
    packages = {package for package, _ in _pins(lock_file(name))}
    assert not packages & {*IN_RUNTIME, *TOOLS_ONLY.get(name, ()), "pandas", "mlflow", "xgboost-cpu", "scipy"}


@pytest.mark.parametrize("settings", BY_TARGET.values(), ids=lambda settings: settings.target)
def test_bundles_fit(settings: object) -> None:
    folder: Path = settings.bundles  # type: ignore[attr-defined]  # an InfraSettings
    sizes = {name: _unzipped_mb(folder / f"{name}.zip") for name in SETS}
    assert sizes["predict"] < PREDICTOR_MB
    assert max(sizes.values()) < AWS_LIMIT_MB


def test_the_embedded_bundles_bring_bytecode_that_is_not_checked() -> None:
    with zipfile.ZipFile(EMBEDDED.bundles / "functions.zip") as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        assert len(compiled) > 100
        flags = int.from_bytes(archive.read(compiled[0])[4:8], "little")
    assert flags == 0b01  # by hash, unchecked


@pytest.mark.parametrize("settings", BY_TARGET.values(), ids=lambda settings: settings.target)
def test_the_calendar_that_ships_is_the_one_that_models_learn_from(settings: InfraSettings) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(settings.bundles / "predict.zip" / "python")!r})
import holidays
for day, name in holidays.country_holidays("US", years=range(2013, 2040)).items(): print(day, name)
assert "predict.zip" in holidays.__file__
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    days = holidays.country_holidays("US", years=range(2013, 2040)).items()
    assert sorted(done.stdout.splitlines()) == sorted(f"{day} {name}" for day, name in days)


def test_a_bundle_that_is_up_to_date_is_left_alone() -> None:
    before = (EMBEDDED.bundles / "functions.zip").stat().st_mtime_ns
    build("functions", platform_of("embedded"))
    assert (EMBEDDED.bundles / "functions.zip").stat().st_mtime_ns == before


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    zips = []
    for name in ("first", "second"):
        packages = tmp_path / name / "python"
        (packages / "package/tests").mkdir(parents=True)
        (packages / "package/tests/test_it.py").write_text("raise SystemExit")
        (packages / "package/__init__.py").write_text("WORDS = {'a', 'b'}\n")
        _strip(packages)
        _compile(packages)
        _zip(tmp_path / name, tmp_path / name / "layer.zip")
        zips.append((tmp_path / name / "layer.zip").read_bytes())
    assert zips[0] == zips[1]
    assert b"test_it" not in zips[0]


def test_a_missing_bundle_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    settings = dataclasses.replace(EMBEDDED, bundles=tmp_path)
    layers = Layers(cdk.Stack(cdk.App(), "any"), "Layers", settings=settings)
    with pytest.raises(MissingBundleError, match="make bundles"):
        layers.of("predict")


def _pins(lock: Path) -> set[tuple[str, str]]:
    return {(found["name"], found["version"]) for found in PIN.finditer(lock.read_text())}


def _unzipped_mb(path: Path) -> float:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist()) / 1e6


def test_use_cases_are_laid_out_at_once_by_two_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    shutil.copytree(ROOT / "use_cases/obesity", root / "use_cases/obesity")
    shutil.copy(ROOT / "use_cases/__init__.py", root / "use_cases")
    monkeypatch.setattr(layers, "ROOT", root)
    with ThreadPoolExecutor(8) as pool:
        [first] = set(pool.map(lambda _: layers.staged(["obesity"], tmp_path), range(32)))
    assert (first / "python/use_cases/obesity/use_case.py").exists()
    (root / "use_cases/obesity/search.toml").write_text("changed")
    second = layers.staged(["obesity"], tmp_path)
    assert list((tmp_path / "use_cases").iterdir()) == [second]
    assert (second / "python/use_cases/obesity/search.toml").read_text() == "changed"
