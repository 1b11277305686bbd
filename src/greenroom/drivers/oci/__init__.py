"""Container images: from a finished build to two images, what lies in an image, and the way to a registry.

Images are kept as OCI blobs by digest, in one store for all releases, so that what a builder made is what is looked at
and what is pushed, byte for byte, whichever builder it was.
"""

from greenroom.drivers.oci.images import OciImages
from greenroom.drivers.oci.making import Source
from greenroom.drivers.oci.reader import OciReader
from greenroom.drivers.oci.store import ImageStore

__all__ = ["ImageStore", "OciImages", "OciReader", "Source"]
