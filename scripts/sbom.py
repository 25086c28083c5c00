"""The software bill of materials of a release, in SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/): its programs, the Swift
packages that are linked into them, and the Debian packages that they need."""

import datetime
import hashlib
import json
import re
import subprocess
import typing


class Release(typing.NamedTuple):
    version: str
    commit: str
    swift: str
    architecture: str
    url: str
    # Since 1970.
    seconds: int


def identifier(*parts):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(parts))


def package(name, version, download, purl, **more):
    kind, _, _ = purl.removeprefix("pkg:").partition("/")
    return {
        "SPDXID": identifier("Package", kind, name), "name": name, "versionInfo": version, "downloadLocation": download,
        "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION", **more,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}],
    }


def swift_packages(resolved):
    """The packages of a Package.resolved."""
    for pin in sorted(json.loads(resolved)["pins"], key=lambda pin: pin["identity"]):
        location, state = pin["location"].removesuffix(".git"), pin["state"]
        version = state.get("version", state["revision"])
        path = location.partition("://")[2]
        yield package(pin["identity"], version, f"git+{location}.git@{state['revision']}", f"pkg:swift/{path}@{version}")


def debian_packages(names):
    """The packages in the versions that this machine, which the programs were built on, has."""
    command = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n", *names]
    result = subprocess.run(command, capture_output=True, text=True)
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    installed = {name: (version, architecture) for name, version, architecture, status in rows if status == "installed"}
    if missing := [name for name in names if name not in installed]:
        raise SystemExit(f"sbom.py: no version is known of {', '.join(missing)}: apt-get install {' '.join(missing)}")
    for name in sorted(names):
        version, architecture = installed[name]
        # The only characters of a version that a purl escapes.
        escaped = version.replace("+", "%2B").replace(":", "%3A")
        yield package(name, version, "NOASSERTION", f"pkg:deb/debian/{name}@{escaped}?arch={architecture}&distro=bookworm")


def program_file(name, data):
    return {
        "SPDXID": identifier("File", name), "fileName": f"./{name}", "fileTypes": ["BINARY"],
        "checksums": [{"algorithm": algorithm.upper(), "checksumValue": hashlib.new(algorithm, data).hexdigest()}
                      for algorithm in ("sha1", "sha256")],
        "licenseConcluded": "NOASSERTION", "licenseInfoInFiles": ["NOASSERTION"], "copyrightText": "NOASSERTION",
    }


def verification_code(files):
    """Section 7.9 of the specification."""
    sums = sorted(file["checksums"][0]["checksumValue"] for file in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def document(release, resolved, debian, programs):
    """The document as JSON. `debian` has the names of the Debian packages, `programs` the bytes of each program."""
    files = [program_file(name, data) for name, data in sorted(programs.items())]
    linked = [*swift_packages(resolved), package("swift", release.swift, "https://www.swift.org/install/",
                                                 f"pkg:generic/swift@{release.swift}")]
    needed = [*debian_packages(debian)]
    root = package("generalscaler", release.version, f"git+{release.url}.git@{release.commit}",
                   f"pkg:generic/generalscaler@{release.version}?vcs_url=git%2B{release.url}.git%40{release.commit}",
                   filesAnalyzed=True, licenseConcluded="MIT", licenseDeclared="MIT", licenseInfoFromFiles=["NOASSERTION"],
                   packageVerificationCode={"packageVerificationCodeValue": verification_code(files)},
                   primaryPackagePurpose="APPLICATION")
    name = f"generalscaler-{release.version}-linux-{release.architecture}"
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", root["SPDXID"])]
    relations += [(root["SPDXID"], "CONTAINS", file["SPDXID"]) for file in files]
    relations += [(root["SPDXID"], "STATIC_LINK", item["SPDXID"]) for item in linked]
    relations += [(root["SPDXID"], "DEPENDS_ON", item["SPDXID"]) for item in needed]
    created = datetime.datetime.fromtimestamp(release.seconds, datetime.timezone.utc)
    return json.dumps({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
        "documentNamespace": f"{release.url}/spdx/{name}-{verification_code(files)}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Organization: GeneralScaler"]},
        "packages": [root, *linked, *needed], "files": files,
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations],
    }, indent=1) + "\n"
