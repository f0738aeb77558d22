using System.Text.Json;

namespace Rondo.Jobs.Calls;

/// <summary>Arguments of a job that calls a URL, so that programs in any language can do the work.</summary>
/// <param name="Url">Where: <c>http</c> or <c>https</c>, without user and password; at most 2,000 characters. Whether its address may be called is decided when it is.</param>
/// <param name="Method">GET, HEAD, POST, PUT, PATCH or DELETE. Default POST.</param>
/// <param name="Headers">Headers of the caller's own, at most 50. They are stored with the job as they are, and shown but for those named like a secret.</param>
/// <param name="Body">A JSON value, sent as it is written here, as <c>application/json</c>. Not together with <paramref name="Text"/>.</param>
/// <param name="Text">A text, sent in UTF-8 as <c>text/plain</c> unless a header <c>Content-Type</c> says otherwise.</param>
/// <param name="TimeoutMs">How long the whole of an attempt may take, in ms: 100 to 600,000. Default: <see cref="HttpCallOptions.Timeout"/>.</param>
/// <param name="Expect">Statuses that mean done, 200 to 599, at most 20. Default: 200 to 299.</param>
public sealed record HttpCall(
    string Url,
    string Method = "POST",
    IReadOnlyDictionary<string, string>? Headers = null,
    JsonElement? Body = null,
    string? Text = null,
    int? TimeoutMs = null,
    IReadOnlyList<int>? Expect = null);
