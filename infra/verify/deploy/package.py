"""What `sam build` and `sam package` do: each function's binary in a zip, the zips in a bucket, the templates pointing
there."""

import json
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from common import client, expect, ok

BUCKET = "passerelle-packages"
FUNCTION = "AWS::Serverless::Function"
NESTED = "AWS::CloudFormation::Stack"


def architecture() -> str:
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def resources(template: dict, kind: str) -> dict[str, dict]:
    """Logical ids and properties of all resources of a type."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def read(path: Path) -> dict:
    expect(path.is_file(), f"the template {path} is missing")
    return yaml_parse(path.read_text(encoding="utf-8"))


def read_templates(root: Path) -> tuple[dict, dict[str, dict]]:
    """`template.yaml`, and the templates of its nested stacks by logical id."""
    template = read(root / "template.yaml")
    nested = resources(template, NESTED)
    return template, {name: read(root / properties["TemplateURL"]) for name, properties in nested.items()}


def zipped(binary: Path, folder: Path) -> Path:
    """The binary as `bootstrap`, stripped if that can be done; the same bytes for the same binary."""
    expect(binary.is_file(), f"{binary} is missing: build it with `cargo build --workspace --bins`")
    stripped = folder / f"{binary.name}.bin"
    if shutil.which("strip"):
        subprocess.run(["strip", "-o", stripped, binary], check=True)
    else:
        shutil.copyfile(binary, stripped)
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    target = folder / f"{binary.name}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        # These bytes never leave the machine: little is won by pressing them harder.
        archive.writestr(entry, stripped.read_bytes(), compresslevel=1)
    stripped.unlink()
    return target


def upload(template: dict, nested: dict[str, dict], binaries: Path, work: Path, region: str) -> str:
    """Uploads everything the template names, then the template; its address."""
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})

    def put(name: str, content: dict) -> str:
        s3.put_object(Bucket=BUCKET, Key=f"{name}.json", Body=json.dumps(content).encode())
        return f"https://s3.{region}.amazonaws.com/{BUCKET}/{name}.json"

    for name, properties in resources(template, FUNCTION).items():
        metadata = template["Resources"][name].get("Metadata", {})
        binary = metadata.get("BuildProperties", {}).get("Binary")
        expect(binary, f"{name} does not say which binary it is made of (Metadata, BuildProperties, Binary)")
        package = zipped(binaries / binary, work)
        s3.upload_file(str(package), BUCKET, package.name)
        properties["CodeUri"] = f"s3://{BUCKET}/{package.name}"
        ok(f"{name}: {binary} packaged, {package.stat().st_size / 1e6:.1f} MB")
    for name, properties in resources(template, NESTED).items():
        properties["TemplateURL"] = put(name, nested[name])
    return put("template", template)
