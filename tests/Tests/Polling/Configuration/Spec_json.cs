using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>JSON for storage and for the API.</summary>
public class Spec_json
{
    [Fact]
    public void Stored_settings_come_back_as_they_were()
    {
        Prop.ForAll(Spec_generators.Endpoints().ToArbitrary(), settings => SpecJson.ReadEndpoint(SpecJson.Write(settings)) == settings).QuickCheckThrowOnFailure();
        Prop.ForAll(Spec_generators.Devices().ToArbitrary(), settings => SpecJson.ReadModbus(SpecJson.Write(settings)) == settings).QuickCheckThrowOnFailure();
        Prop.ForAll(Spec_generators.Points().ToArbitrary(), point => SpecJson.ReadPoint(SpecJson.Write(point)) == point).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_device_comes_back_as_it_was_and_obeys_the_rules() =>
        Prop.ForAll(Spec_generators.Specs().ToArbitrary(), device =>
        {
            var reading = SpecJson.ReadDevice(SpecJson.WriteDevice(device));
            Assert.Empty(reading.Mistakes);
            Assert.Empty(SpecRules.Check(device));
            return reading.Device!.Name == device.Name && DeviceDiff.Between(device, reading.Device).Count == 0 && SpecJson.WriteDevice(reading.Device) == SpecJson.WriteDevice(device);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Stored_text_is_canonical()
    {
        Assert.Equal("{}", SpecJson.Write(new ModbusPoint()));
        Assert.Equal("""{"address":52}""", SpecJson.Write(new ModbusPoint { Address = 52 }));
        Assert.Equal(
            """{"function":3,"address":3203,"type":"int64","order":"CDAB","scale":0.001,"scale_address":3202,"offset":-1.5,"not_available":"0x8000000000000000"}""",
            SpecJson.Write(new ModbusPoint
            {
                Function = 3,
                Address = 3203,
                Type = ModbusType.Int64,
                Order = ModbusOrder.CDAB,
                Scale = 0.00100m,
                ScaleAddress = 3202,
                Offset = -1.50m,
                NotAvailable = 0x8000000000000000,
            }));
        Assert.Equal("""{"framing":"rtu","response_timeout":"2500ms","retries":2}""",
            SpecJson.Write(new ModbusEndpointSettings { Framing = ModbusFraming.Rtu, ResponseTimeout = TimeSpan.FromSeconds(2.5), Retries = 2 }));
        Assert.Equal("""{"unit":7,"even_aligned":true}""", SpecJson.Write(new ModbusDeviceSettings { Unit = 7, EvenAligned = true }));
    }

    [Fact]
    public void Stored_text_of_a_newer_version_is_read_and_damage_is_named()
    {
        Assert.Equal(new ModbusPoint { Address = 5 }, SpecJson.ReadPoint("""{"new":{"x":[1]},"address":5}"""));
        var fault = Assert.Throws<FormatException>(() => SpecJson.ReadPoint("""{"address":70000}"""));
        Assert.Equal("""Stored settings are damaged: address: '70000' is out of range; expected 0 to 65535. In: '{"address":70000}'""", fault.Message);
        Assert.Throws<FormatException>(() => SpecJson.ReadPoint("""{"address":5"""));
        Assert.Throws<FormatException>(() => SpecJson.ReadPoint("[]"));
        Assert.Throws<FormatException>(() => SpecJson.ReadPoint("""{"address":[5]}"""));
    }

    [Fact]
    public void A_request_may_use_other_names_and_a_profile()
    {
        var reading = SpecJson.ReadDevice("""{"hostname":"gw","port":1502,"category":"energy","monitoring_enabled":false,"profile":"sdm120","parent":null}""", "a");
        Assert.Empty(reading.Mistakes);
        Assert.Equal(("a", "gw:1502", "energy", false, 13), reading.Device is { } a ? (a.Name, a.Address, a.Category, a.Enabled, a.Groups[0].Points.Count) : default);
    }

    [Theory]
    [InlineData("{\"name\":\"a\",\"address\":\"h\",\"groups\":[{\"interval\":\"ten\",\"points\":[{\"name\":\"p\",\"address\":1}]}]}", "$.groups[0].interval: 'ten' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h")]
    [InlineData("{\"name\":\"a\",\"address\":\"h\",\"groups\":[{\"interval\":\"1s\",\"max_lateness\":\"2s\",\"points\":[{\"name\":\"p\",\"address\":1}]}]}", "$.groups[0].max_lateness: 2s is longer than the interval; expected at most 1s")]
    [InlineData("{\"name\":\"b\",\"address\":\"h\",\"groups\":[]}", "$.name: 'b' is not 'a', the device this request is about; expected the same name, or none", "a")]
    [InlineData("{\"name\":\"b\",\"name\":\"b\",\"address\":\"h\",\"groups\":[]}", "$.name: the key is given twice; expected it once")]
    [InlineData("{\"name\":\"b\",\"address\":\"h\",\"groups\":[],\"repeat\":\"1..2\"}", "$.repeat: is for device files; expected one device")]
    [InlineData("{\"nme\":\"b\",\"name\":\"b\",\"address\":\"h\",\"groups\":[]}", "$.nme: unknown key 'nme'; did you mean name?")]
    [InlineData("{\"password\":\"hunter2\",\"name\":\"b\",\"address\":\"h\",\"groups\":[]}", "$.password: unknown key 'password': secrets do not stand with a device, they are stored encrypted: rondo devices secret set NAME password, or PUT /api/devices/NAME/secrets/password (Modbus needs none)")]
    [InlineData("[]", "$: is a list; expected an object with the keys of a device")]
    [InlineData("{\"name\":}", "$: this is not JSON at line 1, column 9: '}' is an invalid start of a value")]
    [InlineData("", "$: this is not JSON at line 1, column 1: The input does not contain any JSON tokens. Expected the input to start with a valid JSON token, when isFinalBlock is true")]
    [InlineData("{} x", "$: this is not JSON at line 1, column 4: 'x' is invalid after a single JSON value. Expected end of data")]
    public void A_mistake_in_a_request_has_its_json_path(string json, string expected, string? name = null)
    {
        var reading = SpecJson.ReadDevice(json, name);
        Assert.Null(reading.Device);
        Assert.Equal(expected, Assert.Single(reading.Mistakes).ToString());
    }

    [Fact]
    public void Random_text_never_throws()
    {
        Prop.ForAll<string>(text => SpecJson.ReadDevice(text ?? "") is { } reading && (reading.Device is null) == (reading.Mistakes.Count > 0)).QuickCheckThrowOnFailure();
        var pieces = Gen.Elements("{", "}", "[", "]", ",", ":", "\"name\"", "\"address\"", "\"groups\"", "\"points\"", "\"\\ud800\"", "1", "1e999", "null", "true", "\"x\"", " ");
        Prop.ForAll(pieces.ListOf().Select(string.Concat).ToArbitrary(), text => SpecJson.ReadDevice(text) is not null).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
