using System.Net.Http.Headers;
using System.Text;

namespace Rondo.Jobs.Calls;

/// <summary>The messages of one attempt: the first one, and those to where a redirect leads.</summary>
internal sealed class CallRequest(HttpCall call, Uri first, JobContext job, HttpCallOptions options)
{
    private readonly byte[]? _content = (call.Text ?? call.Body?.GetRawText()) is { } text ? Encoding.UTF8.GetBytes(text) : null;

    /// <summary>
    /// The message for <paramref name="to"/>. What is for the receiver alone, the signature and the headers of the caller, goes to its own origin only: who answers with a redirect does not get
    /// to choose to whom Rondo shows a caller's token, nor before whom it vouches for a message.
    /// </summary>
    public HttpRequestMessage To(Uri to)
    {
        var message = new HttpRequestMessage(new HttpMethod(call.Method), to);
        if (_content is not null)
        {
            message.Content = new ByteArrayContent(_content);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(call.Text is null ? "application/json" : "text/plain", call.Text is null ? null : "utf-8");
        }

        var isOwn = IsSameOrigin(first, to);
        foreach (var (name, value) in call.Headers ?? new Dictionary<string, string>())
        {
            if (isOwn || name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                Put(message, name, value);
            }
        }

        if (!message.Headers.Contains("User-Agent"))
        {
            message.Headers.TryAddWithoutValidation("User-Agent", "Rondo");
        }

        Identify(message);
        if (isOwn)
        {
            Trace(message);
            Sign(message, to.IdnHost);
        }

        return message;
    }

    /// <summary>The same host and port; or the same host a step up, from http to https on their usual ports.</summary>
    public static bool IsSameOrigin(Uri a, Uri b) =>
        string.Equals(a.IdnHost, b.IdnHost, StringComparison.OrdinalIgnoreCase)
        && ((a.Scheme == b.Scheme && a.Port == b.Port) || (a.Scheme == Uri.UriSchemeHttp && a.IsDefaultPort && b.Scheme == Uri.UriSchemeHttps && b.IsDefaultPort));

    private void Identify(HttpRequestMessage message)
    {
        message.Headers.Add("Idempotency-Key", job.IdempotencyKey);
        message.Headers.Add("Rondo-Job-Id", $"{job.Id}");
        message.Headers.Add("Rondo-Queue", job.Queue);
        message.Headers.Add("Rondo-Attempt", $"{job.Attempt}");
        message.Headers.Add("Rondo-Max-Attempts", $"{job.MaxAttempts}");
    }

    /// <summary>So that what the other end does can be found by the same ids. Those the caller gave are theirs.</summary>
    private void Trace(HttpRequestMessage message)
    {
        if (job.Trace is not { } trace)
        {
            return;
        }

        foreach (var (name, value) in new[] { ("traceparent", trace.Traceparent), ("X-Correlation-Id", trace.CorrelationId) })
        {
            if (!message.Headers.Contains(name))
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    private void Sign(HttpRequestMessage message, string host)
    {
        var timestamp = job.Now.Micros / 1_000_000;
        message.Headers.Add("Webhook-Id", job.IdempotencyKey);
        message.Headers.Add("Webhook-Timestamp", $"{timestamp}");
        if (options.SecretsOf(host) is { Count: > 0 } secrets)
        {
            message.Headers.Add("Webhook-Signature", string.Join(' ', secrets.Select(secret => secret.Sign(job.IdempotencyKey, timestamp, _content ?? []))));
        }
    }

    private static void Put(HttpRequestMessage message, string name, string value)
    {
        if (message.Headers.TryAddWithoutValidation(name, value))
        {
            return;
        }

        // One that is about the content.
        message.Content ??= new ByteArrayContent([]);
        message.Content.Headers.Remove(name);
        message.Content.Headers.TryAddWithoutValidation(name, value);
    }
}
