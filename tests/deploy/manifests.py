# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a set of Kubernetes objects: findings as lines of text. Knows the objects this project uses."""
import re

WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")
PINNED = re.compile(r"^[\w./-]+:(?!latest$)[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$")


def name_of(thing):
    return f"{thing['kind']}/{thing['metadata']['name']}"


def matches(selector, labels):
    """True when a label selector selects the labels; an empty selector selects everything."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    return all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []) if each["operator"] == "In")


def workloads(things):
    return [thing for thing in things if thing["kind"] in WORKLOADS]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def containers(workload):
    return workload["spec"]["template"]["spec"]["containers"]


def port_names(workload):
    return {port.get("name") for container in containers(workload) for port in container.get("ports", [])}


def selectors(thing):
    """[(what, selector)] of the pods a thing speaks about."""
    spec = thing.get("spec", {})
    if thing["kind"] in WORKLOADS or thing["kind"] in ("PodDisruptionBudget", "PodMonitor"):
        return [("selector", spec["selector"])]
    if thing["kind"] == "Service":
        return [("selector", {"matchLabels": spec["selector"]})]
    if thing["kind"] == "NetworkPolicy":
        peers = [peer for way, key in (("ingress", "from"), ("egress", "to")) for rule in spec.get(way, []) for peer in rule.get(key, [])]
        return [("podSelector", spec["podSelector"])] + [("peer", peer["podSelector"]) for peer in peers
                                                         if "podSelector" in peer and "namespaceSelector" not in peer]
    return []


def check_selectors(things):
    for thing in things:
        for what, selector in selectors(thing):
            chosen = [w for w in workloads(things) if matches(selector, pod_labels(w))]
            if not chosen:
                yield f"{name_of(thing)}: {what} {selector} selects no pod"
            if thing["kind"] in WORKLOADS and chosen != [thing]:
                yield f"{name_of(thing)}: selects the pods of {[name_of(w) for w in chosen]}"


def check_ports(things):
    for thing in things:
        spec = thing.get("spec", {})
        if thing["kind"] == "Service":
            used = [(port["targetPort"], port.get("name")) for port in spec["ports"]]
            if any(name is None for _, name in used):
                yield f"{name_of(thing)}: a port without a name"
            wanted = [target for target, _ in used]
        elif thing["kind"] == "PodMonitor":
            wanted = [each["port"] for each in spec["podMetricsEndpoints"]]
        else:
            continue
        for workload in workloads(things):
            if matches(selectors(thing)[0][1], pod_labels(workload)):
                for target in wanted:
                    if target not in port_names(workload):
                        yield f"{name_of(thing)}: {name_of(workload)} has no port named {target}"
    for workload in workloads(things):
        governing = workload["spec"].get("serviceName")
        if workload["kind"] == "StatefulSet" and governing not in [t["metadata"]["name"] for t in things if t["kind"] == "Service"]:
            yield f"{name_of(workload)}: there is no Service {governing}"


def check_probes(workload, container):
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container.get(kind, {}).get("httpGet")
        if not probe:
            yield f"{name_of(workload)}: {container['name']} has no {kind}"
        elif probe["port"] not in port_names(workload):
            yield f"{name_of(workload)}: {kind} asks an unnamed port {probe['port']}"


def check_security(workload, container):
    pod = workload["spec"]["template"]["spec"]
    context = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    restricted = (context.get("runAsNonRoot") is True and context.get("allowPrivilegeEscalation") is False
                  and context.get("capabilities", {}).get("drop") == ["ALL"] and not context["capabilities"].get("add")
                  and context.get("seccompProfile", {}).get("type") == "RuntimeDefault" and not context.get("privileged"))
    if not restricted or pod.get("hostNetwork") or pod.get("hostPID") or pod.get("hostIPC"):
        yield f"{name_of(workload)}: {container['name']} violates the restricted pod security standard"
    if context.get("readOnlyRootFilesystem") is not True or context.get("runAsUser") != 65532:
        yield f"{name_of(workload)}: {container['name']} can write its root file system or runs as another user"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{name_of(workload)}: a service account token is mounted"


def check_volumes(workload, container):
    spec = workload["spec"]
    known = {v["name"] for v in spec["template"]["spec"].get("volumes", [])}
    known |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
    for name in mounted ^ known:
        yield f"{name_of(workload)}: volume {name} is mounted and not declared, or the other way round"


def check_container(workload, container):
    yield from check_probes(workload, container)
    yield from check_security(workload, container)
    yield from check_volumes(workload, container)
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= set(resources.get(kind, {})):
            yield f"{name_of(workload)}: {container['name']} has no {kind} of CPU and memory"


def check_references(things):
    """ConfigMaps and images, as rendered."""
    configs = {thing["metadata"]["name"] for thing in things if thing["kind"] == "ConfigMap"}
    for workload in workloads(things):
        for container in containers(workload):
            if not PINNED.match(container["image"]):
                yield f"{name_of(workload)}: image {container['image']} is not pinned"
            for source in container.get("envFrom", []):
                if source["configMapRef"]["name"] not in configs:
                    yield f"{name_of(workload)}: there is no ConfigMap {source['configMapRef']['name']}"


def check_unique(things):
    seen = set()
    for thing in things:
        if (key := (name_of(thing), thing["metadata"].get("namespace"))) in seen:
            yield f"{key[0]}: twice"
        seen.add(key)


def findings(things, rendered):
    """Every finding. `rendered`: images and generated ConfigMaps are in place."""
    found = [*check_unique(things), *check_selectors(things), *check_ports(things)]
    for workload in workloads(things):
        for container in containers(workload):
            found += check_container(workload, container)
    return found + (list(check_references(things)) if rendered else [])
