using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Live.Log;
using Rondo.Live.Pusher;
using Rondo.Storage;

namespace Rondo.Tests.Live;

/// <summary>Addresses: one writing for each, so that what is told and what is listened to are the same text.</summary>
public sealed class TopicTests
{
    [Theory]
    [InlineData("devices.7")]
    [InlineData("categories.caf%C3%A9")]
    [InlineData("categories.50%25")]
    [InlineData("metrics.power.total")]
    [InlineData("jobs.A")]
    [InlineData("imports.12")]
    [InlineData("global")]
    [InlineData("admin-notifications")]
    public void As_it_is_written_here_it_is_one(string topic)
    {
        Assert.True(Topics.IsKnown(topic));
        Assert.Equal(topic, PusherChannel.TopicOf("private-" + topic, out _));
    }

    [Theory]
    [InlineData("devices.007")]
    [InlineData("devices.+7")]
    [InlineData("devices.%37")]
    [InlineData("categories.caf%c3%a9")]
    [InlineData("categories.%FF")]
    [InlineData("categories.100%")]
    [InlineData("jobs.%41")]
    [InlineData("metrics.")]
    [InlineData("imports.%2")]
    public void Written_otherwise_it_is_none_since_nothing_would_be_told_on_it(string topic)
    {
        Assert.False(Topics.IsKnown(topic));
        Assert.Null(PusherChannel.TopicOf("private-" + topic, out _));
    }

    [Theory]
    [InlineData("caf\u00e9 \u20ac")]
    [InlineData("50%")]
    [InlineData("a/b,c d")]
    [InlineData("%41")]
    public void Whatever_has_a_name_has_a_topic_that_is_known_and_says_it(string name)
    {
        Assert.True(Topics.IsKnown(Topics.Category(name)) && Topics.IsKnown(Topics.Metric(name)) && Topics.IsKnown(Topics.Queue(name)));
        Assert.Equal((name, name, name), (Topics.CategoryOf(Topics.Category(name)), Topics.MetricOf(Topics.Metric(name)), Topics.QueueOf(Topics.Queue(name))));
    }

    [Theory]
    [InlineData("devices.7", "devices.7")]
    [InlineData("metrics.power", "metrics.power")]
    [InlineData("categories.meters,metrics.power,devices.9", "devices.7 metrics.power")]
    [InlineData("global,devices.7,categories.meters", "devices.7")]
    [InlineData("metrics.power,metrics.voltage", "metrics.voltage metrics.power")]
    [InlineData("devices.70,categories.meter,metrics.powe,jobs.power,admin-notifications", "")]
    public void A_set_of_topics_knows_what_a_reading_tells_on_it(string topics, string messages)
    {
        var readings = new DeviceReadings(7, "d", "main", Instant.Epoch, ["voltage", "power"], ["V", "W"], [1, 2]) { Source = 1, Category = "meters" };
        var set = new TopicSet(topics.Split(','));
        Assert.Equal(messages, string.Join(' ', set.Messages(readings).Select(m => System.Text.Json.JsonDocument.Parse(m.Json).RootElement.GetProperty("topic").GetString())));
    }

    [Theory]
    [InlineData("devices.7", true)]
    [InlineData("categories.meters,devices.8", true)]
    [InlineData("global", true)]
    [InlineData("devices.8,admin-notifications", false)]
    public void A_set_of_topics_knows_which_events_are_on_it(string topics, bool isOn)
    {
        var set = new TopicSet(topics.Split(','));
        Assert.Equal(isOn, set.IsOn(new LoggedEvent { Topic = "devices.7", AlsoOn = "categories.meters" }));
        Assert.Equal(topics.Contains("admin", StringComparison.Ordinal), set.IsOn(new LoggedEvent { Topic = Topics.Admin }));
        Assert.Equal(topics == "global", set.IsOnQueue("mail"));
    }
}
