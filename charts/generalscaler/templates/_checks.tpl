{{- /* Rejects values with which the operator would not start, and values without effect, with an error that contains the
    fix. The schema of the values cannot express these rules. */}}
{{- define "generalscaler.checks" -}}
{{- include "generalscaler.checkLease" .Values.leaderElection }}
{{- range $index, $kind := .Values.targetKinds }}
{{- include "generalscaler.checkTargetKind" (list (printf "targetKinds[%d]" $index) $kind) }}
{{- end }}
{{- include "generalscaler.checkLabels" (list "commonLabels" .Values.commonLabels) }}
{{- include "generalscaler.checkLabels" (list "podLabels" .Values.podLabels) }}
{{- include "generalscaler.checkSecrets" .Values.secrets }}
{{- include "generalscaler.checkPlugins" . }}
{{- include "generalscaler.checkPluginImages" . }}
{{- include "generalscaler.checkKubernetesPlugin" . }}
{{- include "generalscaler.checkAlerts" . }}
{{- end }}

{{- define "generalscaler.checkLease" -}}
{{- $duration := float64 .leaseDurationSeconds }}
{{- $deadline := float64 .renewDeadlineSeconds }}
{{- $period := float64 .retryPeriodSeconds }}
{{- if ge $deadline $duration }}
{{- fail (printf "leaderElection.renewDeadlineSeconds (%v) must be less than leaderElection.leaseDurationSeconds (%v): a leader that cannot renew the Lease has to stop before another replica may take it. Lower renewDeadlineSeconds or raise leaseDurationSeconds" $deadline $duration) }}
{{- end }}
{{- if ge (mulf 1.2 $period) $deadline }}
{{- fail (printf "leaderElection.renewDeadlineSeconds (%v) must be more than 1.2 times leaderElection.retryPeriodSeconds (%v): a leader needs time for a second try. Lower retryPeriodSeconds or raise renewDeadlineSeconds" $deadline $period) }}
{{- end }}
{{- end }}

{{- /* The API server accepts a rule for a group or resource that does not exist, and the rule grants nothing. */}}
{{- define "generalscaler.checkTargetKind" -}}
{{- $path := index . 0 }}
{{- $group := (index . 1).apiGroup }}
{{- $resource := (index . 1).resource }}
{{- $label := "[a-z0-9]([-a-z0-9]*[a-z0-9])?" }}
{{- if contains "/" $group }}
{{- fail (printf "%s.apiGroup is %q, which has a version: set it to the group alone, %q" $path $group (regexReplaceAll "/.*$" $group "")) }}
{{- else if or (regexMatch "^v[0-9]+((alpha|beta)[0-9]+)?$" $group) (eq $group "core") }}
{{- fail (printf "%s.apiGroup is %q: the name of the core group is \"\". Set it to \"\", or to the group of the kind's apiVersion, such as \"argoproj.io\"" $path $group) }}
{{- else if not (regexMatch (printf "^(%s([.]%s)*)?$" $label $label) $group) }}
{{- fail (printf "%s.apiGroup is %q, which is not an API group: set it to the part of the kind's apiVersion before the slash, such as \"argoproj.io\"" $path $group) }}
{{- else if contains "/" $resource }}
{{- fail (printf "%s.resource is %q: set it to %q; this includes the permissions for its subresource scale" $path $resource (regexReplaceAll "/.*$" $resource "")) }}
{{- else if contains "." $resource }}
{{- fail (printf "%s.resource is %q: set resource to %q and apiGroup to %q" $path $resource (regexReplaceAll "[.].*$" $resource "") (regexReplaceAll "^[^.]*[.]" $resource "")) }}
{{- else if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $resource) }}
{{- fail (printf "%s.resource is %q: set it to the kind's plural name in lower case, such as \"rollouts\", as `kubectl api-resources` lists it" $path $resource) }}
{{- end }}
{{- end }}

{{- define "generalscaler.checkLabels" -}}
{{- $path := index . 0 }}
{{- range $name, $value := index . 1 }}
{{- if has $name (list "app.kubernetes.io/name" "app.kubernetes.io/instance") }}
{{- fail (printf "%s has the label %s, by which Services select the operator's pods: remove it, or change it with nameOverride or the name of the release" $path $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "generalscaler.checkSecrets" -}}
{{- if and (ne .access "named") (or .named .namespaces) }}
{{- fail (printf "secrets.access is %q, so secrets.namespaces and secrets.named have no effect: set secrets.access to \"named\", or leave both lists empty" .access) }}
{{- end }}
{{- end }}

{{- define "generalscaler.checkPlugins" -}}
{{- with .Values.plugins }}
{{- if and .config .existingSecret }}
{{- fail (printf "plugins.config and plugins.existingSecret are both set, but the operator reads only one plugins.yaml: move the content of plugins.config into the key plugins.yaml of the Secret %s, or remove plugins.existingSecret" .existingSecret) }}
{{- end }}
{{- end }}
{{- $names := list }}
{{- range $index, $plugin := .Values.extraPlugins }}
{{- $ways := 0 }}
{{- range list "image" "initContainer" "configMap" }}
{{- if hasKey $plugin . }}
{{- $ways = add1 $ways }}
{{- end }}
{{- end }}
{{- if ne (int $ways) 1 }}
{{- fail (printf "extraPlugins[%d] (%s) has %d of image, initContainer and configMap: set exactly one" $index $plugin.name (int $ways)) }}
{{- end }}
{{- if has $plugin.name $names }}
{{- fail (printf "extraPlugins[%d]: an earlier entry has the name %s too: give each plugin a unique name" $index $plugin.name) }}
{{- end }}
{{- $names = append $names $plugin.name }}
{{- end }}
{{- range .Values.plugins.images }}
{{- $names = append $names .name }}
{{- end }}
{{- $known := concat ($.Files.Get "files/plugins.yaml" | fromYamlArray) $names }}
{{- range $name, $settings := .Values.plugins.config }}
{{- if not (or (has $name $known) $settings.argv) }}
{{- fail (printf "plugins.config.%s: there is no plugin %s, and the operator would not start. Plugins are %s. Correct the name, add the plugin to plugins.images or extraPlugins, or, if your image has it, set plugins.config.%s.argv to its path" $name $name (join ", " $known) $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "generalscaler.checkAlerts" -}}
{{- $known := list }}
{{- range (.Files.Get "files/alerts.yaml" | fromYaml).groups }}
{{- range .rules }}
{{- $known = append $known .alert }}
{{- end }}
{{- end }}
{{- range .Values.metrics.prometheusRule.disabledAlerts }}
{{- if not (has . $known) }}
{{- fail (printf "metrics.prometheusRule.disabledAlerts: there is no alert %q. Alerts are %s" . (join ", " $known)) }}
{{- end }}
{{- end }}
{{- end }}
