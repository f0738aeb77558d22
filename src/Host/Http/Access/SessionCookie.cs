using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>
/// The session of a browser: a cookie that no script can read and no other site makes the browser send. What changes something has to carry a second secret in a header, which only a page of
/// this server can know.
/// </summary>
internal static class SessionCookie
{
    /// <summary>The header with the second secret.</summary>
    public const string CsrfHeader = "X-Csrf-Token";

    private const string Plain = "rondo_session";

    // A browser takes a cookie of this name only over https, for this host alone and its whole path.
    private const string Secure = "__Host-rondo_session";

    /// <summary>The session that a request presents; null for none.</summary>
    public static string? Of(HttpRequest request) => request.Cookies[request.IsHttps ? Secure : Plain];

    /// <summary>Gives the browser a session.</summary>
    public static void Give(HttpContext context, string session) => context.Response.Cookies.Append(NameFor(context), session, Options(context, SignIns.Lasts));

    /// <summary>Takes it away.</summary>
    public static void Take(HttpContext context) => context.Response.Cookies.Delete(NameFor(context), Options(context, null));

    /// <summary>The second secret of a session. From it the session cannot be told.</summary>
    public static string CsrfOf(string session) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes("rondo.csrf.1:" + session)));

    /// <summary>True when a request may be taken for one of a page of this server: it changes nothing, or carries the second secret.</summary>
    public static bool IsOwn(HttpRequest request, string session) =>
        HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
        || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers[CsrfHeader].ToString()), Encoding.UTF8.GetBytes(CsrfOf(session)));

    private static string NameFor(HttpContext context) => context.Request.IsHttps ? Secure : Plain;

    private static CookieOptions Options(HttpContext context, TimeSpan? lasts) => new()
    {
        HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = lasts, IsEssential = true,
    };
}
