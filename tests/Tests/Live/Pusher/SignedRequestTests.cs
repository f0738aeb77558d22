using System.Text;
using Rondo.Live.Pusher;
using Rondo.Storage;

namespace Rondo.Tests.Live.Pusher;

/// <summary>Signatures, against the worked examples of the protocol.</summary>
public sealed class SignedRequestTests
{
    private const string Body = """{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}""";
    private const string Signature = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";
    private const long Timestamp = 1353088179;

    private static readonly Dictionary<string, string> _query = new()
    {
        ["auth_signature"] = Signature, ["body_md5"] = "ec365a775a4cd0599faeb73354201b6f", ["auth_version"] = "1.0", ["auth_key"] = PusherRig.Key, ["auth_timestamp"] = "1353088179",
    };

    [Theory]
    [InlineData("1234.1234:private-foobar", "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4")]
    [InlineData("""1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Channels"}}""", "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80")]
    public void A_channel_is_signed_as_the_protocol_says(string text, string signature)
    {
        Assert.Equal(signature, PusherRig.App.Sign(text));
        Assert.True(PusherRig.App.IsSignature(signature, text));
        Assert.False(PusherRig.App.IsSignature(signature.ToUpperInvariant(), text));
        Assert.False(PusherRig.App.IsSignature(signature[..^1], text));
        Assert.False(PusherRig.App.IsSignature(signature, text + " "));
        Assert.False(PusherRig.App.IsSignature(null, text));
    }

    [Fact]
    public void The_request_of_the_protocol_is_good()
    {
        Assert.Null(Head(_query, Timestamp));
        Assert.Null(Whole(_query, Body));
        Assert.Null(new SignedRequest("post", "/apps/3/events", _query.ToDictionary(p => p.Key.ToUpperInvariant() is "AUTH_VERSION" ? "Auth_Version" : p.Key, p => p.Value)).Problem(PusherRig.App, Encoding.UTF8.GetBytes(Body)));
    }

    [Fact]
    public void Whatever_is_changed_is_noticed()
    {
        Assert.Contains("body_md5", Whole(_query, Body + " "));
        Assert.Contains("body_md5", Whole(With("body_md5", null), Body));
        Assert.Contains("auth_signature", Whole(With("body_md5", "99914b932bd37a50b983c5e7c90ae93b"), "{}"));
        Assert.Contains("auth_signature", Whole(With("extra", "1"), Body));
        Assert.Contains("auth_signature", Whole(With("auth_timestamp", "1353088180"), Body));
        Assert.Contains("auth_signature", Whole(With("auth_signature", Signature.Replace('d', 'e')), Body));
        Assert.Contains("auth_signature", new SignedRequest("GET", "/apps/3/events", _query).Problem(PusherRig.App, Encoding.UTF8.GetBytes(Body)));
        Assert.Contains("auth_signature", new SignedRequest("POST", "/apps/3/batch_events", _query).Problem(PusherRig.App, Encoding.UTF8.GetBytes(Body)));
        Assert.Contains("auth_key", Head(With("auth_key", "another"), Timestamp));
        Assert.Contains("auth_version", Head(With("auth_version", "1"), Timestamp));
        Assert.Contains("auth_timestamp", Head(With("auth_timestamp", "now"), Timestamp));
        Assert.Contains("auth_timestamp", Head(With("auth_timestamp", "99999999999999999999"), Timestamp));
        Assert.Contains("missing", Head(With("auth_signature", null), Timestamp));
    }

    [Theory]
    [InlineData(600, true)]
    [InlineData(-600, true)]
    [InlineData(601, false)]
    [InlineData(-601, false)]
    public void A_request_is_good_for_ten_minutes(int offset, bool isGood) => Assert.Equal(isGood, Head(_query, Timestamp + offset) is null);

    [Theory]
    [InlineData("", PusherRig.Key, "0123456789abcdef")]
    [InlineData("3", "a:b", "0123456789abcdef")]
    [InlineData("3", "key", "short")]
    [InlineData("3", "key", "with a space in it, alas")]
    public void An_application_that_will_not_do_is_refused_without_its_secret(string id, string key, string secret)
    {
        var fault = Assert.Throws<ArgumentException>(() => new PusherApp(id, key, secret));
        Assert.DoesNotContain(secret, fault.Message, StringComparison.Ordinal);
        Assert.Equal("application 3", new PusherApp("3", "key", "0123456789abcdef").ToString());
    }

    private static Dictionary<string, string> With(string name, string? value)
    {
        var query = new Dictionary<string, string>(_query);
        query.Remove(name);
        if (value is not null)
        {
            query.Add(name, value);
        }

        return query;
    }

    private static string? Head(Dictionary<string, string> query, long now) => new SignedRequest("POST", "/apps/3/events", query).HeadProblem(PusherRig.App, new Instant(now * 1_000_000));

    private static string? Whole(Dictionary<string, string> query, string body) => new SignedRequest("POST", "/apps/3/events", query).Problem(PusherRig.App, Encoding.UTF8.GetBytes(body));
}
