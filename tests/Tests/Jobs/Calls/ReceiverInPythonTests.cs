using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Rondo.Jobs.Calls;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>The receiver of the docs, as it stands there, in its own language.</summary>
public sealed partial class ReceiverInPythonTests
{
    [Fact]
    public async Task The_receiver_of_the_docs_takes_what_Rondo_signed_and_nothing_else()
    {
        var python = Requires.Program("python3", "python3");
        using var folder = new TempFolder();
        var page = await File.ReadAllTextAsync(Repository.At("docs/operations/http-jobs.md"), TestContext.Current.CancellationToken);
        var (good, other) = (Secret("good"), Secret("other"));
        using var receiver = Process.Start(new ProcessStartInfo(python, [folder.Write("receiver.py", Example().Match(page).Groups["code"].Value)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["RONDO_SECRETS"] = $"{Secret("unused")},{good}", ["PORT"] = "0" },
        })!;
        try
        {
            var line = await receiver.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.DefaultBound);
            var port = int.Parse(Regex.Match(line ?? "", @"^listening on (\d+)$").Groups[1].Value, CultureInfo.InvariantCulture);
            var call = new HttpCall($"http://127.0.0.1:{port}/", Body: CallRig.Json("""{ "order": 7, "größe": "é" }"""));

            await using var signing = await CallRig.StartAsync(Signing(good, other));
            var job = await signing.CallAsync(call);
            Assert.True(job.State == "done", job.Error);
            Assert.Contains(await signing.LinesAsync(), text => text.EndsWith("200 OK: invoice of order 7 is written", StringComparison.Ordinal));

            await using var forging = await CallRig.StartAsync(Signing(other), attempts: 1);
            Assert.Contains("answered 401 Unauthorized: this is not signed by Rondo", (await forging.CallAsync(call)).Error, StringComparison.Ordinal);
            await using var silent = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
            Assert.Contains("answered 401", (await silent.CallAsync(call)).Error, StringComparison.Ordinal);
        }
        finally
        {
            receiver.Kill(entireProcessTree: true);
            await receiver.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static string Secret(string of) => "whsec_" + Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(of)));

    private static HttpCallOptions Signing(params string[] secrets) => CallRig.Local() with
    {
        Secrets = [.. secrets.Select(text => SigningSecret.TryParse(text, out var secret, out var problem) ? secret : throw new InvalidOperationException(problem))],
    };

    [GeneratedRegex("```python\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
