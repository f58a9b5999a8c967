"""What a TLS server presents of itself, and how it stands against what this node trusts."""

from dataclasses import dataclass
from enum import Enum

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.image import Image
from edgediag.model.pull import Pulled, PullStep


class Audience(Enum):
    """Whose authority signs for a server: the cluster's, one that everybody trusts, or unknown.

    GATEWAY  the cluster's too; it is renewed apart from the API server, so that neither vouches for
             the other
    """

    CLUSTER = "cluster"
    GATEWAY = "gateway"
    PUBLIC = "public"
    OTHER = "other"


class Chain(Enum):
    """What the verification of a chain of signatures came to, whatever its dates are."""

    TRUSTED = "trusted"
    UNKNOWN_ISSUER = "unknown-issuer"
    NOT_CHECKED = "not-checked"


class Above(Enum):
    """What a server is asked beyond its certificate.

    REGISTRY  whether it serves, if it is trusted
    HTTP2     whether it chooses HTTP/2 when that is all it is offered, and speaks it
    """

    NOTHING = "nothing"
    REGISTRY = "registry"
    HTTP2 = "http2"


class Http2(Enum):
    """What a server made of the offer of HTTP/2 and nothing else.

    SPOKEN     it chose it, and a frame of SETTINGS came first, as every server must begin
    CHOSEN     it chose it, and nothing came that could be read
    STRANGE    it chose it, and begins with something else
    UNCHOSEN   it chose no protocol
    REFUSED    it refuses the handshake for that offer, and not without it
    """

    SPOKEN = "spoken"
    CHOSEN = "chosen"
    STRANGE = "strange"
    UNCHOSEN = "unchosen"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom to ask for a certificate.

    name  sent as the server name unless it is an address
    """

    address: Address
    port: int
    name: str
    audience: Audience
    above: Above


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The certificates that this node trusts, as PEM, or why they are not known.

    stated   by the operator, for every server
    cluster  of the cluster's own authority
    public   of the authorities that everybody trusts
    """

    stated: str | NotChecked
    cluster: str | NotChecked
    public: str | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server's own certificate (RFC 5280 §4.1).

    subject, issuer  in one line, "CN=…, O=…"; data from outside
    names            DNS names and addresses of the subject alternative name, in the order given
    not_before_s, not_after_s  seconds since the epoch
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before_s: float
    not_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """How a registry wants a token to be asked for, by TLS.

    path     of the token host, with its query
    service  for which the token is to be, "" where none is named
    """

    path: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAnswer:
    """What a registry answered above TLS to what every client of one asks first.

    status       of HTTP
    token_host   where it sends its clients for a token, "" where it names nobody
    token_hosts  who is checked in this run as one that gives tokens, ascending
    token_port   of the token host
    challenge    where a token is to be asked for in a way that a stranger may
    pulled       what came of the pull of an image
    """

    status: int
    token_host: str
    token_hosts: tuple[str, ...]
    token_port: int | NotChecked
    challenge: Challenge | NotChecked
    pulled: Pulled | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class PullQuestion:
    """An image to be asked for as a stranger does.

    registry, tokens  whom to ask; both have shown certificates that are trusted
    """

    image: Image
    registry: Server
    tokens: Server
    challenge: Challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The certificate that answered a handshake.

    reason   why the chain is not trusted or was not checked, "" where it is trusted
    seen_s   by this node's clock, seconds since the epoch
    alike    other hosts of the run that show an unknown issuer of the same name, ascending
    vouching  other hosts of the run whose chains are trusted by the same anchors, ascending
    registry  what it answered, if it is a registry that is trusted
    pulled    what it answered in the pull of an image, be it the registry or who gives tokens
    http2     what it made of HTTP/2, if its clients speak that
    """

    certificate: Certificate
    chain: Chain
    reason: str
    seen_s: float
    alike: tuple[Address, ...]
    vouching: tuple[Address, ...] | NotChecked
    registry: RegistryAnswer | NotChecked
    pulled: tuple[PullStep, ...] | NotChecked
    http2: Http2 | NotChecked
