# SPDX-License-Identifier: Apache-2.0
"""Hosts for tests of the whole system, on one machine.

LoopbackHosts: addresses 127.0.0.x; Open MPI counts each as a host of its own. No root needed.
NetnsHosts: network namespaces on a bridge, each with its own address and hostname; links can be cut and healed, and
the kernel counts what crosses them. Needs root.
"""
import os
import subprocess


class Host:
    """Where a process runs and the address others reach it by."""

    def __init__(self, name, address, prefix=()):
        self.name = name
        self.address = address
        self.prefix = list(prefix)

    def command(self, argv):
        return self.prefix + [str(a) for a in argv]


class LoopbackHosts:
    """Hosts 127.0.0.2, 127.0.0.3, ...; the coordinator lives on 127.0.0.1."""

    def __init__(self, count):
        self.control = Host("control", "127.0.0.1")
        self.workers = [Host(f"w{i}", f"127.0.0.{i + 2}") for i in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def netns_available():
    """None when namespaces can be made here, otherwise why not."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = f"bb{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode != 0:
        return f"ip netns add: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", probe], check=False)
    return None


class NetnsHosts:
    """`count` worker hosts and one control host behind a bridge that has a namespace of its own."""

    SUBNET = "10.75.{}.{}"

    def __init__(self, count):
        self.tag = f"bb{os.getpid()}"
        self.net = os.getpid() % 250
        self.names = ["control"] + [f"node{i}" for i in range(count)]
        hosts = [self._host(i, name) for i, name in enumerate(self.names)]
        self.control, self.workers = hosts[0], hosts[1:]

    def _host(self, index, name):
        address = self.SUBNET.format(self.net, index + 1)
        namespace = f"{self.tag}-{name}"
        # A hostname of its own, as on a real host: Open MPI compares them.
        enter = ["ip", "netns", "exec", namespace, "unshare", "--uts", "sh", "-c", f'hostname {name}; exec "$@"', "sh"]
        return Host(name, address, enter)

    def _namespace(self, name):
        return f"{self.tag}-{name}"

    def __enter__(self):
        switch = self._namespace("switch")
        ip("netns", "add", switch)
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        for index, name in enumerate(self.names):
            namespace = self._namespace(name)
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
            ip("-n", namespace, "link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", switch)
            ip("-n", switch, "link", "set", name, "master", "br0", "up")
            ip("-n", namespace, "address", "add", self.SUBNET.format(self.net, index + 1) + "/24", "dev", "eth0")
            ip("-n", namespace, "link", "set", "eth0", "up")
        return self

    def __exit__(self, *_):
        for name in self.names + ["switch"]:
            namespace = self._namespace(name)
            pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout.split()
            for pid in pids:
                subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)

    def cut(self, host):
        """Unplugs the host's cable at the switch: neither side is told."""
        ip("-n", self._namespace("switch"), "link", "set", host.name, "nomaster")

    def heal(self, host):
        ip("-n", self._namespace("switch"), "link", "set", host.name, "master", "br0")

    def sent_bytes(self, host):
        """Bytes the kernel counts as sent by the host's interface, framing included."""
        path = "/sys/class/net/eth0/statistics/tx_bytes"
        run = subprocess.run(["ip", "netns", "exec", self._namespace(host.name), "cat", path],
                             capture_output=True, text=True, check=True)
        return int(run.stdout)

    def pids(self, host):
        run = subprocess.run(["ip", "netns", "pids", self._namespace(host.name)], capture_output=True, text=True)
        return [int(p) for p in run.stdout.split()]
