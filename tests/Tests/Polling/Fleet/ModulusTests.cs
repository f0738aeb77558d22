using Rondo.Polling.Configuration;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Fleet;

public sealed class ModulusTests
{
    [Theory, BothDatabases]
    public async Task Where_a_counter_starts_over_comes_from_the_device_file(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        foreach (var modulus in (double?[])[42_949_672.96, 42_949_672.96, 65_536, null])
        {
            var reading = Read(modulus is { } known ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"kind: counter, modulus: {known}") : "kind: counter");
            Assert.Empty(reading.Mistakes);
            await rig.ApplyAsync([.. reading.Devices]);
            Assert.Equal(modulus, await rig.Store.ScalarAsync<double?>("select modulus from series"));
            Assert.Equal((decimal?)modulus, reading.Devices[0].Groups[0].Points[0].Modulus);
        }
    }

    [Theory]
    [InlineData("modulus: 65536", "modulus", "goes with kind counter, not gauge")]
    [InlineData("kind: counter, modulus: -1", "modulus", "is not above zero")]
    [InlineData("kind: counter, modulus: 0", "modulus", "is zero")]
    [InlineData("kind: counter, modulus: soon", "modulus", "is not a number")]
    public void A_modulus_that_will_not_do_is_refused_at_its_place(string point, string field, string message)
    {
        var mistake = Assert.Single(Read(point).Mistakes);
        Assert.EndsWith(field, mistake.Path, StringComparison.Ordinal);
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
    }

    private static DeviceFileReading Read(string point) =>
        DeviceFile.Parse($"devices:\n  - name: m\n    address: 10.0.0.1:502\n    points:\n      - {{ name: e, function: input, address: 0, {point} }}\n", "f.yaml");
}
