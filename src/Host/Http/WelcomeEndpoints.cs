using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Rondo.Host.Http;

/// <summary>The code of a link that was printed.</summary>
internal sealed record WelcomeRequest
{
    /// <summary>The code.</summary>
    public required string Code { get; init; }
}

/// <summary>
/// Where the link of <c>rondo demo</c> leads, mapped only where one was made. The code stands behind the # of the link, which a browser sends to nobody and writes into no log; the page presents it once and
/// takes it out of the address.
/// </summary>
internal static class WelcomeEndpoints
{
    private const string Script = """
        const out = document.getElementById('out');
        const show = text => { out.textContent = text; };
        async function enter() {
          const code = location.hash.slice(1);
          history.replaceState(null, '', '/welcome');
          if (code) {
            const answer = await fetch('/api/welcome', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code }) });
            if (!answer.ok) { show((await answer.json()).detail); }
          }
          if (!(await fetch('/api/session')).ok) { return code || show('Nobody is signed in. The link that was printed works once.'); }
          while (true) {
            const answer = await fetch('/api/polling/status');
            const status = await answer.json();
            if (!answer.ok) { return show(status.detail); }
            show(JSON.stringify(status, null, 2));
            await new Promise(done => setTimeout(done, 1000));
          }
        }
        enter().catch(fault => show('The server does not answer any more: ' + fault.message));
        """;

    private const string Style = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#222;background:#fff}pre{font-size:13px}";

    private const string Page = $"""
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Rondo</title><style>{Style}</style>
        <h1>Rondo</h1><p>The state of polling, once a second, as <a href="/api/polling/status">/api/polling/status</a> tells it. What else there is: <a href="/openapi/v1.json">/openapi/v1.json</a>.</p>
        <pre id="out">…</pre><script>{Script}</script></html>
        """;

    private static readonly string _policy =
        $"default-src 'none'; script-src 'sha256-{Hash(Script)}'; style-src 'sha256-{Hash(Style)}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/welcome", (HttpContext context) =>
        {
            RequestGuard.Allow(context, _policy);
            return Results.Content(Page, "text/html; charset=utf-8");
        }).ExcludeFromDescription().Open();
        app.MapPost("/api/welcome", EnterAsync).ExcludeFromDescription().Open().WithMetadata(new BodyLimit(BodyLimit.Small));
    }

    private static async Task<IResult> EnterAsync(Server server, DoorGuard door, HttpContext context, CancellationToken stop)
    {
        if (door.WaitAt(context) is { } wait)
        {
            return AccessAnswers.Wait(context, wait);
        }

        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<WelcomeRequest>(text);
        if (wanted is null)
        {
            return Problem.Refused("Nobody was signed in.", [mistake!]);
        }

        if (context.Connection.RemoteIpAddress is not { } address || !IPAddress.IsLoopback(address) || server.Welcome is not { } welcome
            || await welcome.EnterAsync(wanted.Code, stop).ConfigureAwait(false) is not var (user, session))
        {
            door.Failed(context);
            return Problem.Of(StatusCodes.Status403Forbidden, "Nobody was signed in: the link works once, for ten minutes and from this machine only. Start the demo again for another one.");
        }

        SessionCookie.Give(context, session.Text);
        return Results.Ok(new SessionView("user", user, session.Token.Role, session.Token.ExpiresAt, SessionCookie.CsrfOf(session.Text)));
    }

    private static string Hash(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
