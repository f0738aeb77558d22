using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Rondo.Jobs.Calls;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>Calls over TLS.</summary>
public sealed class TlsCallTests
{
    [Fact]
    public async Task A_receiver_whose_certificate_nobody_vouches_for_is_not_told_anything()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        await using var receiver = await Receiver.StartAsync((_, _) => Task.CompletedTask, certificate: certificate);
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 2);

        var job = await rig.CallAsync(new HttpCall($"https://127.0.0.1:{receiver.Port}/"));

        Assert.Equal(("dead", 2), (job.State, job.Attempts));
        Assert.Contains("certificate", job.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.Requests);
    }
}
