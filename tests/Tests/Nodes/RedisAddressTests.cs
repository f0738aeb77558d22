using Rondo.Nodes;

namespace Rondo.Tests.Nodes;

public sealed class RedisAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:6379", "127.0.0.1", 6379, null, null, "redis://127.0.0.1:6379")]
    [InlineData("redis.example:7000", "redis.example", 7000, null, null, "redis://redis.example:7000")]
    [InlineData("[::1]:6379", "::1", 6379, null, null, "redis://[::1]:6379")]
    [InlineData("redis://redis.example:6379", "redis.example", 6379, null, null, "redis://redis.example:6379")]
    [InlineData("REDIS://redis.example:6379/", "redis.example", 6379, null, null, "redis://redis.example:6379")]
    [InlineData("redis://:geheim@h:6379", "h", 6379, null, "geheim", "redis://:***@h:6379")]
    [InlineData("redis://rondo:geheim@h:6379", "h", 6379, "rondo", "geheim", "redis://rondo:***@h:6379")]
    [InlineData("redis://r%40x:ge%3Aheim%2F%25@[::1]:6379", "::1", 6379, "r@x", "ge:heim/%", "redis://r@x:***@[::1]:6379")]
    [InlineData("redis://rondo:ge:heim@h:6379", "h", 6379, "rondo", "ge:heim", "redis://rondo:***@h:6379")]
    public void An_address_is_read_and_shown_without_its_password(string text, string host, int port, string? user, string? password, string shown)
    {
        var address = RedisAddress.TryParse(text, out var error);
        Assert.Null(error);
        Assert.Equal((host, port, user, password), (address!.Host, address.Port, address.User, address.Password));
        Assert.Equal(shown, $"{address}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost")]
    [InlineData("localhost:")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:redis")]
    [InlineData(":6379")]
    [InlineData("localhost:6379/0")]
    [InlineData("two words:6379")]
    [InlineData("rondo:geheim@localhost:6379")]
    [InlineData("redis://rondo:geheim@localhost")]
    [InlineData("redis://rondo:geheim")]
    [InlineData("redis://rondo:geheim@localhost:6379/0")]
    [InlineData("redis://rondo:geheim@localhost:6379?ssl=true")]
    [InlineData("redis://rondo:geheim@localhost:6379#x")]
    [InlineData("redis://rondo:geheim/@localhost:6379")]
    [InlineData("redis://geheim@localhost:6379")]
    [InlineData("redis://rondo:@localhost:6379")]
    [InlineData("rediss://rondo:geheim@localhost:6379")]
    [InlineData("http://rondo:geheim@localhost:6379")]
    [InlineData("unix:///run/redis.sock")]
    public void What_is_no_address_is_refused_with_what_was_expected_and_without_the_password(string text)
    {
        Assert.Null(RedisAddress.TryParse(text, out var error));
        Assert.Contains("expected HOST:PORT or redis://user:password@HOST:PORT", error, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TLS_is_named_as_what_is_missing()
    {
        Assert.Null(RedisAddress.TryParse("rediss://h:6379", out var error));
        Assert.StartsWith("Redis is spoken to without TLS only", error, StringComparison.Ordinal);
    }
}
