using System.Net;
using System.Net.Http.Headers;
using Rondo.Storage;

namespace Rondo.Imports.Sources;

/// <summary>One file by HTTPS. It is fetched again when the server says that it has changed; one that says nothing is fetched each time, and the same bytes change nothing.</summary>
internal sealed class HttpsSource(SourceAddress address, HttpMessageHandler handler) : ISource, IDisposable
{
    private readonly HttpClient _client = new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    private HttpResponseMessage? _answer;

    public async Task<IReadOnlyList<SourceFile>> ListAsync(IReadOnlyDictionary<string, string> known, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address.Url);
        if (known.TryGetValue(address.Pattern, out var version) && EntityTagHeaderValue.TryParse(version, out var tag))
        {
            request.Headers.IfNoneMatch.Add(tag);
        }
        else if (version is not null && DateTimeOffset.TryParse(version, System.Globalization.CultureInfo.InvariantCulture, out var since))
        {
            request.Headers.IfModifiedSince = since;
        }

        try
        {
            _answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false);
        }
        catch (HttpRequestException fault)
        {
            throw new SourceAway($"{address.Url.Host} cannot be asked: {fault.Message}", fault);
        }

        if (_answer.StatusCode == HttpStatusCode.NotModified)
        {
            return [new SourceFile(address.Pattern, version!, null)];
        }

        if (_answer.StatusCode != HttpStatusCode.OK)
        {
            throw new SourceAway($"{address.Url.Host} answers {(int)_answer.StatusCode}; expected 200 with the file");
        }

        var says = _answer.Headers.ETag?.ToString() ?? _answer.Content.Headers.LastModified?.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        return [new SourceFile(address.Pattern, says ?? $"unknown {Ids.New()}", _answer.Content.Headers.ContentLength)];
    }

    public async Task FetchAsync(SourceFile file, Func<Stream, Task> take, CancellationToken stop)
    {
        try
        {
            await using var bytes = await _answer!.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
            await take(bytes).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is HttpRequestException or HttpIOException)
        {
            throw new SourceAway($"{address.Url.Host} broke off: {fault.Message}", fault);
        }
    }

    public void Dispose()
    {
        _answer?.Dispose();
        _client.Dispose();
    }
}
