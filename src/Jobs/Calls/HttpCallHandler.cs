using System.Net;
using System.Net.Sockets;

namespace Rondo.Jobs.Calls;

/// <summary>
/// Runs a job by calling a URL. The answer decides: 2xx is done, 410 discards, anything else is tried again; a header <c>Rondo-Result</c> says it outright. One for the
/// process; dispose it after the server has stopped.
/// </summary>
/// <param name="options">Settings.</param>
/// <param name="time">Time.</param>
/// <param name="resolve">Addresses of a host; null for those of the system.</param>
public sealed class HttpCallHandler(HttpCallOptions options, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) : IJobHandler<HttpCall>, IDisposable
{
    private const int MostRedirects = 5;

    // Many programs make a handler only to enqueue.
    private readonly Lazy<HttpClient> _client = new(() => Client(new CallGuard(options.Allow, resolve ?? System.Net.Dns.GetHostAddressesAsync, time)));

    // What is allowed is for those who enqueue, not for whoever on the Internet answers with a redirect.
    private readonly Lazy<HttpClient> _outside = new(() => Client(new CallGuard([], resolve ?? System.Net.Dns.GetHostAddressesAsync, time)));

    /// <summary>How these jobs run: 15 attempts within about a day. A timeout of the arguments is always shorter than the one of the kind.</summary>
    public static HandlerOptions<HttpCall> Options { get; } = new()
    {
        Attempts = 15,
        Backoff = RetryPolicy.Exponential(TimeSpan.FromSeconds(10), TimeSpan.FromHours(6)),
        Timeout = TimeSpan.FromMilliseconds(HttpCallCheck.LongestMs) + TimeSpan.FromSeconds(30),
        Refuse = HttpCallCheck.Find,
    };

    /// <inheritdoc/>
    public async Task<JobResult> Handle(HttpCall args, JobContext job, CancellationToken stop)
    {
        if (HttpCallCheck.Find(args) is { } problem)
        {
            return JobResult.Discard($"its arguments will not do: {problem.Problem} (at {problem.Pointer})");
        }

        var url = new Uri(args.Url);
        var began = time.GetTimestamp();
        var patience = args.TimeoutMs is { } ms ? TimeSpan.FromMilliseconds(ms) : options.Timeout;
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            var (answer, where) = await CallAsync(args, url, job, either.Token).ConfigureAwait(false);
            var result = answer.Judge(args, where, job.Now);
            job.Log($"{args.Method} {where}, {time.GetElapsedTime(began).TotalMilliseconds:0} ms: {answer.Shown}", result == JobResult.Done ? "info" : "warn");
            return result;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return JobResult.Retry($"{Place(url)} did not answer within {patience.TotalSeconds:0.###} s");
        }
        catch (Exception fault) when (CallRefused.In(fault) is { } refusal)
        {
            return JobResult.Discard(refusal.Message);
        }
        catch (Exception fault) when (!stop.IsCancellationRequested && fault is HttpRequestException or IOException or SocketException or OperationCanceledException)
        {
            // Cancelled by nobody here: the connection took longer than it may.
            return JobResult.Retry($"{Place(url)} could not be called: {Describe(fault)}");
        }
    }

    /// <summary>Closes its connections.</summary>
    public void Dispose()
    {
        foreach (var client in new[] { _client, _outside }.Where(c => c.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }

    /// <summary>A place as it may be shown: what is behind the question mark may be a secret.</summary>
    internal static string Place(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private async Task<(CallAnswer Answer, string Where)> CallAsync(HttpCall call, Uri url, JobContext job, CancellationToken stop)
    {
        var requests = new CallRequest(call, url, job, options);
        var to = url;
        for (var redirects = 0; ; redirects++)
        {
            using var request = requests.To(to);
            var client = CallRequest.IsSameOrigin(url, to) || CallGuard.IsInside(options.Allow, url.IdnHost) ? _client.Value : _outside.Value;
            using var message = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false);
            if (redirects == MostRedirects || Next(call, to, message) is not { } next)
            {
                return (await CallAnswer.ReadAsync(message, job.Now, stop).ConfigureAwait(false), Place(to));
            }

            job.Log($"{Place(to)} leads with {(int)message.StatusCode} to {Place(next)}{(CallRequest.IsSameOrigin(url, next) ? "" : ", another origin: it gets neither signature nor headers of the caller")}");
            to = next;
        }
    }

    /// <summary>Where a redirect leads, or null when the answer is to be judged as it is.</summary>
    /// <exception cref="CallRefused">It leads where Rondo does not go.</exception>
    internal static Uri? Next(HttpCall call, Uri from, HttpResponseMessage message)
    {
        var status = (int)message.StatusCode;

        // After 301 to 303 a POST would become a GET, whose 200 would end a job nobody has got: for others than GET and HEAD these are a failure.
        var isFollowed = status is 307 or 308 || (status is 301 or 302 or 303 && call.Method is "GET" or "HEAD");
        if (!isFollowed || call.Expect?.Contains(status) == true || message.Headers.Location is not { } location)
        {
            return null;
        }

        var next = location.IsAbsoluteUri ? location : new Uri(from, location);
        return HttpCallCheck.Problem(next) is { } problem ? throw new CallRefused($"{Place(from)} leads where Rondo does not go: {problem}")
            : from.Scheme == Uri.UriSchemeHttps && next.Scheme == Uri.UriSchemeHttp ? throw new CallRefused($"{Place(from)} leads from https to http, {Place(next)}: what was protected would go in clear. Name a URL that does not lead away")
            : next;
    }

    private static string Describe(Exception fault)
    {
        var inner = fault;
        while (inner.InnerException is { } deeper)
        {
            inner = deeper;
        }

        return inner is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } ? "its name is not known"
            : inner == fault || fault.Message.Contains(inner.Message, StringComparison.Ordinal) ? fault.Message
            : $"{fault.Message} ({inner.Message})";
    }

    private static HttpClient Client(CallGuard guard) => new(new SocketsHttpHandler
    {
        // A proxy of the environment would connect to what the guard never sees.
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectCallback = guard.ConnectAsync,
        ConnectTimeout = TimeSpan.FromSeconds(20),

        // A name that leads elsewhere now is seen after so long.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MaxResponseHeadersLength = 32,
        MaxResponseDrainSize = 64 * 1024,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
    }, disposeHandler: true)
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
