"""The package: the same bytes every time, all that the functions need, and nothing else."""

import io
import json
import re
import shutil
import zipfile
from functools import cache
from pathlib import Path

import pytest

from chalicelib import i18n
from infra import dependencies, package
from tests.infra.built import ROOT, built

pytestmark = pytest.mark.slow


@cache
def contents():
    with zipfile.ZipFile(built().zip) as made:
        return {entry.filename: made.read(entry) for entry in made.infolist()}


def names(pattern):
    return {name for name in contents() if re.search(pattern, name)}


def test_two_builds_from_nothing_are_the_same_bytes(tmp_path):
    # Fetching twice takes half a minute, so what was proven for these inputs is remembered.
    proven = ROOT / ".build" / "reproduced"
    if proven.exists() and proven.read_text() == package.digest_of_inputs(ROOT):
        return
    here = copied(tmp_path / "here")
    there = shutil.copytree(here, tmp_path / "elsewhere" / "there")
    one = package.build(here, tmp_path / "one", cache=ROOT / ".build")
    other = package.build(there, tmp_path / "other")
    assert one.sha256 == other.sha256
    assert one.template.read_bytes() == other.template.read_bytes()
    proven.write_text(package.digest_of_inputs(here))


def copied(folder):
    """The project in another place, as it is now."""
    for name in package.INPUTS:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, target)
        else:
            shutil.copytree(ROOT / name, target)
    return folder


def test_the_package_is_small():
    assert built().zip.stat().st_size <= 10 * 1024 * 1024


def test_entries_are_in_order_without_dates_or_owners():
    with zipfile.ZipFile(built().zip) as made:
        entries = made.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_our_own_code_and_every_template_is_in_it():
    assert {"app.py", "chalicelib/__init__.py", "chalice/app.py"} <= set(contents())
    for folder in ("chalicelib", "templates"):
        source = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix in {".py", ".html", ".txt", ".css", ".js", ".svg"}
        }
        assert source
        assert source <= set(contents())


def test_catalogs_are_compiled_and_their_sources_left_out():
    translated = set(i18n.LANGUAGES) - {i18n.SOURCE}
    assert names(r"\.mo$") == {
        f"chalicelib/locale/{language}/LC_MESSAGES/{i18n.DOMAIN}.mo" for language in translated
    }
    assert not names(r"\.pot?$")


def test_every_module_is_compiled_so_that_no_date_is_ever_compared():
    sources = names(r"\.py$")
    for source in sources:
        folder, _, name = source.rpartition("/")
        compiled = f"{folder}/" * bool(folder) + f"__pycache__/{name[:-3]}.cpython-311.pyc"
        flags = int.from_bytes(contents()[compiled][4:8], "little")
        assert flags == 0b01, f"{compiled} is not an unchecked hash-based .pyc"
    assert len(names(r"\.pyc$")) == len(sources)


def test_no_path_of_the_building_machine_is_in_it():
    here = str(ROOT).encode()
    found = {name for name, content in contents().items() if here in content}
    assert found == set()


def test_botocore_knows_only_the_services_that_the_desk_uses():
    known = {name.split("/")[2] for name in names(r"^botocore/data/[^/]+/")}
    assert known == set(dependencies.SERVICES)
    needed = {"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"}
    assert {f"botocore/data/{name}" for name in needed} <= set(contents())


def test_every_service_that_the_ports_make_a_client_for_is_shipped():
    ports = (ROOT / "chalicelib" / "ports.py").read_text("utf-8")
    asked = set(re.findall(r"\bclient\(\s*\"([a-z0-9-]+)\"", ports))
    assert asked
    assert asked | {"dynamodb"} == set(dependencies.SERVICES)


def test_babel_knows_only_the_desks_languages_and_what_they_inherit():
    shipped = {Path(name).stem for name in names(r"^babel/locale-data/.*\.dat$")}
    assert shipped == set(dependencies.LOCALES)
    assert set(i18n.LANGUAGES) <= shipped
    assert "babel/global.dat" in contents()


@pytest.mark.parametrize(
    "litter",
    [
        r"(^|/)\.",  # what is hidden: editors' files, environments, keys
        r"^(tests|docs|desk|infra|bin|vendor)/",
        r"\.(pem|key|env|log|yaml|yml|toml)$",
        r"dist-info/(RECORD|METADATA|INSTALLER|WHEEL|direct_url)",
        r"^(pip|setuptools|wheel|inquirer|click|moto|pytest)/",
        r"^boto3/examples/|examples-1\.json$|/tests?/",
    ],
)
def test_nothing_is_in_it_that_a_function_has_no_use_for(litter):
    # The certificates of the authorities that the desk's calls are checked against.
    assert names(litter) - {"botocore/cacert.pem"} == set()


def test_binary_parts_are_for_the_processor_that_runs_them():
    machine = {  # e_machine of an ELF header
        name: int.from_bytes(contents()[name][18:20], "little") for name in names(r"\.so$")
    }
    assert machine
    assert set(machine.values()) == {183}, "AArch64"


def test_the_template_deploys_the_zip_beside_it():
    functions = [
        made["Properties"]["CodeUri"]
        for made in json.loads(built().template.read_text())["Resources"].values()
        if made["Type"] == "AWS::Serverless::Function"
    ]
    assert set(functions) == {"./deployment.zip"}
    assert built().zip == built().template.with_name("deployment.zip")


def test_everything_that_is_fetched_is_pinned():
    pinned = {}
    for name in ("requirements.txt", "infra/constraints.txt", "infra/smime.txt"):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            if "==" in line:
                project, _, number = line.partition("==")
                pinned[project.lower().replace("_", "-")] = number.strip()
    folders = {name.split("/")[0] for name in names(r"\.dist-info/")}
    for folder in folders:
        project, _, number = folder.removesuffix(".dist-info").rpartition("-")
        assert pinned[project.lower().replace("_", "-")] == number


def test_a_build_is_kept_until_its_inputs_change(tmp_path):
    root = toy(tmp_path, requirements="")
    first = package.build(root, tmp_path / "out")
    stamp = first.zip.stat().st_mtime_ns
    assert package.build(root, tmp_path / "out") == first
    assert first.zip.stat().st_mtime_ns == stamp
    (root / "chalicelib" / "locale" / "da" / "LC_MESSAGES" / "skranke.mo").write_bytes(b"made")
    assert package.build(root, tmp_path / "out") == first
    (root / "templates" / "page.html").write_text("changed")
    assert package.build(root, tmp_path / "out").sha256 != first.sha256


def test_a_requirement_that_cannot_be_had_fails_the_build(tmp_path):
    root = toy(tmp_path, requirements="--no-index\n--find-links /nowhere\nno-such-project==1.0\n")
    with pytest.raises(package.BuildError, match="no-such-project"):
        package.build(root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_requirement_without_a_wheel_for_the_processor_fails_the_build(tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for tag in ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-macosx_11_0_arm64"):
        (wheels / f"elsewhere-1.0-{tag}.whl").write_bytes(empty_wheel())
    found = f"--no-index\n--find-links {wheels}\nelsewhere==1.0\n"
    with pytest.raises(package.BuildError, match="elsewhere"):
        package.build(toy(tmp_path, requirements=found), tmp_path / "out")


def test_an_app_that_cannot_be_imported_fails_the_build(tmp_path):
    root = toy(tmp_path, requirements="")
    (root / "app.py").write_text("import no_such_module\n")
    with pytest.raises(package.BuildError, match="no_such_module"):
        package.build(root, tmp_path / "out")


def empty_wheel():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        info = "elsewhere-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\n")
    return content.getvalue()


def toy(folder, requirements):
    """A project of the same form with one function and no dependencies."""
    root = folder / "toy"
    for name in ("infra/fragments", "chalicelib/locale", ".chalice"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.mo"))
    (root / "chalicelib" / "__init__.py").touch()
    (root / "templates").mkdir()
    (root / "templates" / "page.html").write_text("as it was")
    (root / "infra" / "constraints.txt").touch()
    (root / "requirements.txt").write_text(requirements)
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["tenant"]
    lines = ["from chalice import Chalice", "app = Chalice('toy')", "@app.route('/')"]
    lines += ["def index(): pass"]
    for name in set(functions["lambda_functions"]) - {"api_handler"}:
        lines += [f"@app.lambda_function(name={name!r})", f"def {name}(event, context): pass"]
    (root / "app.py").write_text("\n".join(lines) + "\n")
    return root
