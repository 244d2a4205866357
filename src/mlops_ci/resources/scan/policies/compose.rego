# METADATA
# title: A Compose service has the rights of its host
# description: Trivy has no rules for Compose files; these are those of Kubernetes that apply there, too.
# custom:
#   id: MCI-COMPOSE
#   severity: HIGH
#   recommended_actions: Give the service only what it needs.
#   input:
#     selector:
#       - type: yaml
package mlopsci.compose

import rego.v1

is_compose if is_object(input.services)

found(name, why) := {"msg": sprintf("Service %s %s", [name, why]), "startline": 1, "endline": 1}

deny contains found(name, "is privileged") if {
	is_compose
	some name, service in input.services
	service.privileged == true
}

deny contains found(name, "shares the host's network, processes or memory") if {
	is_compose
	some name, service in input.services
	some key in ["network_mode", "pid", "ipc"]
	service[key] == "host"
}

deny contains found(name, "controls the host's container engine") if {
	is_compose
	some name, service in input.services
	some volume in service.volumes
	contains(sprintf("%v", [volume]), "docker.sock")
}

deny contains found(name, "has capabilities that are as good as root's") if {
	is_compose
	some name, service in input.services
	some capability in service.cap_add
	upper(capability) in {"ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE"}
}
