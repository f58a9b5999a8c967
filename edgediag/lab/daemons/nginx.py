"""nginx as the API server's TLS front on TCP 6443."""

from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.daemon import Daemon, Site, no_orders
from edgediag.lab.topology import HOSTS

EXECUTABLE = "/usr/sbin/nginx"
PORT = 6443
PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def texts(site: Site) -> Mapping[str, str]:
    """nginx.conf: one process that answers every request as an API server does a stranger."""
    temporary = "\n    ".join(f"{word}_temp_path {site.folder}/{word};" for word in PATHS)
    return {
        "nginx.conf": f"""
daemon off;
master_process off;
user root;
pid {site.folder}/nginx.pid;
error_log stderr;
events {{
}}
http {{
    access_log off;
    {temporary}
    server {{
        listen {HOSTS['api-server']}:{PORT} ssl;
        ssl_certificate {site.certificate.chain};
        ssl_certificate_key {site.certificate.key};
        return 401;
    }}
}}
"""
    }


def command(site: Site) -> tuple[str, ...]:
    """nginx in the foreground, as its configuration says."""
    return EXECUTABLE, "-p", str(site.folder), "-e", "stderr", "-c", f"{site.folder}/nginx.conf"


def version(site: Site) -> tuple[str, ...]:
    """It says so itself."""
    return EXECUTABLE, "-v"


DAEMON = Daemon(
    program="nginx",
    protocol="tls",
    packages=("nginx",),
    files=(EXECUTABLE,),
    version=version,
    transport="tcp",
    port=PORT,
    control="",
    services=MappingProxyType({"cloud": ("api-server",)}),
    variants=("",),
    texts=texts,
    command=command,
    orders=no_orders,
)
