using System.Text.Json.Serialization.Metadata;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rondo.Drivers.Modbus;
using Rondo.Host.Http;
using Rondo.Polling.Configuration;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class ApiDocumentTests(HttpFixture rondo)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string Approved = Repository.At("tests", "Approved", "openapi.json");

    [Fact]
    public async Task The_api_is_the_approved_one()
    {
        var actual = JsonNode.Parse((await rondo.GetAsync("/openapi/v1.json")).Text)!.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("RONDO_APPROVE") == "1")
        {
            await File.WriteAllTextAsync(Approved, actual);
        }

        // A wanted change: run again with RONDO_APPROVE=1 and review the diff.
        Assert.Equal(await File.ReadAllTextAsync(Approved), actual);
    }

    [Fact]
    public async Task Every_endpoint_has_a_summary_a_name_and_a_typed_answer()
    {
        var document = (await rondo.GetAsync("/openapi/v1.json")).Good();
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => (Name: $"{method.Name} {path.Name}", method.Value))).ToArray();
        Assert.True(operations.Length >= 18);
        Assert.All(operations, operation =>
        {
            Assert.True(operation.Value.TryGetProperty("summary", out _), operation.Name);
            Assert.True(operation.Value.TryGetProperty("operationId", out _), operation.Name);
            foreach (var response in operation.Value.GetProperty("responses").EnumerateObject().Where(r => r.Name != "204"))
            {
                Assert.True(response.Value.GetProperty("content").EnumerateObject().All(c => c.Value.TryGetProperty("schema", out _)), $"{operation.Name} {response.Name}");
            }
        });
    }

    [Fact]
    public void The_described_device_has_the_keys_of_a_written_one()
    {
        var device = new DeviceSpec
        {
            Name = "m",
            Address = "h:502",
            Groups = [new GroupSpec { Points = [new PointSpec { Name = "p", Modbus = new ModbusPoint() }] }],
        };
        var written = JsonNode.Parse(SpecJson.WriteDevice(device))!.AsObject();
        string[] readOnly = ["hostname", "port", "monitoring_enabled", "profile", "interval", "points"];
        Assert.Equal(Keys(written).Concat(readOnly).Order(), Described<DeviceDocument>().Order());
        Assert.Equal(Keys(written["endpoint"]!).Order(), Described<EndpointDocument>().Order());
        Assert.Equal(Keys(written["groups"]![0]!).Order(), Described<GroupDocument>().Order());
        Assert.Equal(Keys(written["groups"]![0]!["points"]![0]!).Order(), Described<PointDocument>().Order());
    }

    private static IEnumerable<string> Keys(JsonNode node) => node.AsObject().Select(pair => pair.Key);

    private static IEnumerable<string> Described<T>() =>
        new JsonSerializerOptions(ApiJson.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() }.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name);
}
