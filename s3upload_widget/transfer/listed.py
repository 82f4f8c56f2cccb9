"""Whether objects that a list shows are the files that single PUTs sent. Reads no file.

A list costs as much as some HEADs and shows a thousand objects, but no version and no SHA-256. So
one file of many is proven by HEAD: its object shows how this store keeps what is sent this way.
The list proves each of the others, by the MD5 that the store made of its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s3upload_widget.checksums import hexadecimal, same_etag
from s3upload_widget.transfer.existing import matching_checksum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from s3upload_widget.results import UploadedFile
    from s3upload_widget.s3 import ObjectFound, Store
    from s3upload_widget.transfer.proof import Hashes


@dataclass(frozen=True, slots=True)
class ListedObjects:
    """The objects of many keys; of a key that is not here, HEAD tells."""

    objects: Mapping[str, ObjectFound] = field(default_factory=dict)

    def proven(self, key: str, hashes: Hashes, place: str) -> ObjectFound | None:
        """The object of a key if it is certainly the file; None if HEAD has to tell."""
        found = self.objects.get(key)
        return found if found and matching_checksum(found, hashes, place) == "md5" else None


def lists_prove(sample: UploadedFile, md5: str) -> bool:
    """Whether a list proves what was sent as ``sample`` was, which HEAD has proven.

    Not in a bucket with versions, whose ids no list shows, nor where ETags are no MD5s.

    Args:
        sample: A file that was sent with one PUT.
        md5: Of that file, base64; ``""`` if it is not known.
    """
    etags_are_md5s = bool(md5) and same_etag(sample.etag, hexadecimal(md5))
    return etags_are_md5s and not sample.version_id and sample.verified_by in {"sha256", "md5"}


def list_objects_like(
    store: Store, sample: UploadedFile, md5: str, keys: Iterable[str]
) -> ListedObjects:
    """List objects if that proves them; see :func:`lists_prove`.

    Args:
        store: Where.
        sample: As there.
        md5: As there.
        keys: Of the others.
    """
    return ListedObjects(store.list_objects(keys)) if lists_prove(sample, md5) else ListedObjects()
