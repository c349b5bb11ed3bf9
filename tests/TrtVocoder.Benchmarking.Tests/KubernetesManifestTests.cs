using System.Globalization;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using TrtVocoder.FleetSimulation;
using TrtVocoder.TestSupport;
using YamlDotNet.RepresentationModel;

namespace TrtVocoder.Benchmarking.Tests;

/// <summary>
/// examples/kubernetes, read by the types of Kubernetes' own API description, which know every field. No cluster was asked. A ScaledObject
/// is KEDA's: of it only what this project relies on is looked at.
/// </summary>
public partial class KubernetesManifestTests
{
    private static readonly string Folder = Path.Combine(TestPaths.Root, "examples", "kubernetes");
    private static readonly V1Deployment Deployment = Read<V1Deployment>("deployment.yaml");

    private static string Text(string file) => File.ReadAllText(Path.Combine(Folder, file));

    private static T Read<T>(string file)
        where T : IKubernetesObject<V1ObjectMeta> => KubernetesYaml.Deserialize<T>(Text(file), strict: true);

    private static YamlNode Scaled(params string[] path)
    {
        YamlStream stream = new();
        stream.Load(new StringReader(Text("scaledobject.yaml")));
        YamlNode root = stream.Documents.Single().RootNode;
        return path.Aggregate(root, (node, key) => int.TryParse(key, out int index) ? node[index] : node[key]);
    }

    [Test]
    public void Every_file_is_of_the_kind_that_it_says()
    {
        IKubernetesObject<V1ObjectMeta>[] read =
        [
            Deployment, Read<V1Service>("service.yaml"), Read<V1PodDisruptionBudget>("disruptionbudget.yaml"),
        ];

        Assert.That(read.Select(value => $"{value.ApiVersion} {value.Kind} {value.Metadata.Name}"), Is.EqualTo(new[]
        {
            "apps/v1 Deployment vocos", "v1 Service vocos", "policy/v1 PodDisruptionBudget vocos",
        }));
        Assert.That(Directory.GetFiles(Folder, "*.yaml"), Has.Length.EqualTo(read.Length + 1), "and the ScaledObject");
    }

    [Test]
    public void A_field_that_Kubernetes_does_not_have_is_found()
    {
        string misspelt = Text("deployment.yaml").Replace("maxSurge", "maxSurges", StringComparison.Ordinal);

        Assert.That(() => KubernetesYaml.Deserialize<V1Deployment>(misspelt, strict: true), Throws.Exception);
    }

    [Test]
    public void Service_and_budget_select_the_servers_of_the_deployment()
    {
        IDictionary<string, string> labels = Deployment.Spec.Template.Metadata.Labels;

        Assert.Multiple(() =>
        {
            Assert.That(Deployment.Spec.Selector.MatchLabels, Is.SubsetOf(labels));
            Assert.That(Read<V1Service>("service.yaml").Spec.Selector, Is.SubsetOf(labels));
            Assert.That(Read<V1PodDisruptionBudget>("disruptionbudget.yaml").Spec.Selector.MatchLabels, Is.SubsetOf(labels));
        });
    }

    [Test]
    public void A_server_has_one_GPU_and_is_ready_when_Triton_says_so()
    {
        V1Container server = Deployment.Spec.Template.Spec.Containers.Single();

        Assert.Multiple(() =>
        {
            Assert.That(server.Resources.Limits["nvidia.com/gpu"].ToInt32(), Is.EqualTo(1));
            Assert.That(server.Ports.ToDictionary(port => port.Name, port => port.ContainerPort), Is.EqualTo(new Dictionary<string, int>
            {
                ["http"] = 8000,
                ["grpc"] = 8001,
                ["metrics"] = 8002,
            }));
            foreach (V1Probe probe in new[] { server.StartupProbe, server.ReadinessProbe })
                Assert.That((probe.HttpGet.Path, probe.HttpGet.Port.Value), Is.EqualTo(("/v2/health/ready", "http")));
            Assert.That(
                Read<V1Service>("service.yaml").Spec.Ports.Select(port => port.TargetPort.Value),
                Is.SubsetOf(server.Ports.Select(port => port.Name)));
            Assert.That(Deployment.Spec.Replicas, Is.Null, "who scales says how many; each deployment would set it back");
        });
    }

    [Test]
    public void A_server_has_the_time_to_answer_what_it_has_accepted()
    {
        V1PodSpec pod = Deployment.Spec.Template.Spec;
        string[] arguments = [.. pod.Containers[0].Args];
        string argument = arguments.Single(text => text.StartsWith("--exit-timeout-secs=", StringComparison.Ordinal));
        int exit = int.Parse(argument.Split('=')[1]);
        int pause = int.Parse(pod.Containers[0].Lifecycle.PreStop.Exec.Command[1]);

        Assert.That(pod.TerminationGracePeriodSeconds, Is.GreaterThan(exit + pause));
    }

    [Test]
    public void The_rule_is_the_one_that_was_simulated()
    {
        AutoscalerOptions rule = new(1.5, 20);
        string[] behaviour = ["spec", "advanced", "horizontalPodAutoscalerConfig", "behavior"];

        Assert.Multiple(() =>
        {
            Assert.That(Scaled("spec", "scaleTargetRef", "name").ToString(), Is.EqualTo(Deployment.Metadata.Name));
            Assert.That(Scaled("spec", "minReplicaCount").ToString(), Is.EqualTo($"{rule.Least}"));
            Assert.That(Scaled("spec", "maxReplicaCount").ToString(), Is.EqualTo($"{rule.Most}"));
            Assert.That(Scaled("spec", "triggers", "0", "metadata", "threshold").ToString(), Is.EqualTo(rule.TargetMs.ToString(CultureInfo.InvariantCulture)));
            Assert.That(Scaled("spec", "triggers", "0", "metricType").ToString(), Is.EqualTo("Value"));
            Assert.That(
                Scaled([.. behaviour, "scaleDown", "stabilizationWindowSeconds"]).ToString(), Is.EqualTo($"{rule.CoolDownSeconds}"));
            Assert.That(Policies("scaleUp"), Is.EqualTo(new[] { "Percent 100 60", "Pods 4 60" }));
            Assert.That(Policies("scaleDown"), Is.EqualTo(new[] { "Percent 10 300" }));
        });

        IEnumerable<string> Policies(string direction) => ((YamlSequenceNode)Scaled([.. behaviour, direction, "policies"])).Select(
            policy => $"{policy["type"]} {policy["value"]} {policy["periodSeconds"]}");
    }

    [Test]
    public void The_metrics_that_are_asked_for_are_those_of_Triton_and_the_backend()
    {
        string query = Scaled("spec", "triggers", "0", "metadata", "query").ToString();
        string told = File.ReadAllText(Path.Combine(TestPaths.Root, "native", "triton", "src", "metrics.cpp"));
        string[] names = [.. MetricName().Matches(query).Select(match => match.Value).Distinct()];

        Assert.That(names.Where(name => name.StartsWith("nv_", StringComparison.Ordinal)), Is.EqualTo(
            new[] { "nv_inference_queue_duration_us", "nv_inference_request_success" }));
        foreach (string name in names.Where(name => name.StartsWith("trtvocoder_", StringComparison.Ordinal)).Append("trtvocoder_ready"))
            Assert.That(told, Does.Contain($"\"{name}\""));
    }

    [GeneratedRegex("(nv|trtvocoder)_[a-z_]+")]
    private static partial Regex MetricName();
}
