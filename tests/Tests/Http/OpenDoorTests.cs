using System.Net;
using System.Text;

namespace Rondo.Tests.Http;

/// <summary>What whoever has no token, or one of little, can take up or learn.</summary>
public sealed class OpenDoorTests : IAsyncLifetime
{
    private readonly HttpFixture _rondo = new(null, "work");

    public ValueTask InitializeAsync() => _rondo.InitializeAsync();

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Theory]
    [InlineData("/api/session", true)]
    [InlineData("/api/setup", true)]
    [InlineData("/broadcasting/auth", false)]
    public async Task A_body_of_more_than_4_KiB_is_not_read_whether_it_says_its_length_or_not(string path, bool isOpen)
    {
        using var nobody = new HttpClient { BaseAddress = _rondo.Api.Address };
        foreach (var (isChunked, length) in new[] { (false, 4_200), (true, 4_200), (true, 3_500) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent($$"""{ "name": "anna", "password": "{{new string('x', length)}}" }""", Encoding.UTF8, "application/json") };
            request.Headers.TransferEncodingChunked = isChunked;
            using var answer = await (isOpen ? nobody : _rondo.Client).SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True((length > 4_096) == (answer.StatusCode == HttpStatusCode.RequestEntityTooLarge), $"{path}, {length}, chunked {isChunked}: {(int)answer.StatusCode} {text}");
            Assert.True(length <= 4_096 || text.Contains("4 KiB", StringComparison.Ordinal), text);
        }
    }
}
