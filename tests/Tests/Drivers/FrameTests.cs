using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;

namespace Rondo.Tests.Drivers;

public sealed class FrameTests
{
    [Theory]
    [InlineData("313233343536373839", 0x4B37)]
    [InlineData("010400000002", 0xCB71)]
    [InlineData("010300000001", 0x0A84)]
    [InlineData("01040443668000", 0xDF6F)]
    [InlineData("018402", 0xC1C2)]
    [InlineData("", 0xFFFF)]
    public void The_checksum_matches_the_published_vectors(string bytes, int expected) =>
        Assert.Equal(expected, Crc16.Compute(Convert.FromHexString(bytes)));

    [Fact]
    public void A_read_request_is_framed_as_the_specification_shows()
    {
        var frame = new byte[12];
        var request = new ReadRequest(7, 4, 0x34, 2);
        Assert.Equal(5, request.WritePdu(frame.AsSpan(MbapFrame.HeaderLength)));
        Assert.Equal(12, MbapFrame.WriteHeader(frame, 0x1234, 7, 5));
        Assert.Equal("123400000006070400340002", Convert.ToHexString(frame));
        Assert.Equal(FrameStatus.Complete, MbapFrame.TryRead(frame, out var read));
        Assert.Equal(new MbapFrame(0x1234, 7, 5), read);
        Assert.True(ReadRequest.TryRead(7, frame.AsSpan(7), out var parsed));
        Assert.Equal(request, parsed);
    }

    [Fact]
    public void A_serial_request_carries_its_checksum_low_byte_first()
    {
        var frame = new byte[8];
        new ReadRequest(1, 4, 0, 2).WritePdu(frame.AsSpan(1));
        Assert.Equal(8, RtuFrame.Close(frame, 1, 5));
        Assert.Equal("01040000000271CB", Convert.ToHexString(frame));
    }

    [Theory]
    [InlineData("010404436680006FDF", FrameStatus.Complete)]
    [InlineData("018402C2C1", FrameStatus.Complete)]
    [InlineData("018402C2C0", FrameStatus.BadChecksum)]
    [InlineData("0104044366800", FrameStatus.Incomplete)]
    [InlineData("0107", FrameStatus.Malformed)]
    [InlineData("01", FrameStatus.Incomplete)]
    public void Serial_replies_are_recognised(string hex, FrameStatus expected) =>
        Assert.Equal(expected, RtuFrame.TryReadReply(Convert.FromHexString(hex.Length % 2 == 0 ? hex : hex[..^1]), out _));

    [Theory]
    [InlineData(4, 0, 125, true)]
    [InlineData(4, 0, 126, false)]
    [InlineData(1, 0, 2000, true)]
    [InlineData(2, 0, 2001, false)]
    [InlineData(3, 65535, 1, true)]
    [InlineData(3, 65535, 2, false)]
    [InlineData(3, 0, 0, false)]
    [InlineData(5, 0, 1, false)]
    public void A_read_request_knows_the_limits_of_the_protocol(byte function, ushort address, ushort count, bool valid) =>
        Assert.Equal(valid, new ReadRequest(1, function, address, count).IsValid);

    [Fact]
    public void Writes_are_built_as_the_specification_shows()
    {
        Assert.Equal("050003FF00", Hex(WriteRequest.Coil(1, 3, on: true)));
        Assert.Equal("0500030000", Hex(WriteRequest.Coil(1, 3, on: false)));
        Assert.Equal("060001ABCD", Hex(WriteRequest.Register(1, 1, 0xABCD)));
        Assert.Equal("100001000204000A0102", Hex(WriteRequest.Registers(1, 1, [0x000A, 0x0102])));

        // The example of the specification for function 15: ten coils from 19, CD 01.
        bool[] coils = [true, false, true, true, false, false, true, true, true, false];
        Assert.Equal("0F0013000A02CD01", Hex(WriteRequest.Coils(1, 19, coils)));
    }

    [Fact]
    public void A_write_outside_the_limits_is_a_mistake_of_the_caller()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => WriteRequest.Registers(1, 0, new ushort[124]));
        Assert.Throws<ArgumentOutOfRangeException>(() => WriteRequest.Registers(1, 65535, new ushort[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => WriteRequest.Coils(1, 0, new bool[1969]));
        Assert.Throws<ArgumentOutOfRangeException>(() => WriteRequest.Coils(1, 0, []));
    }

    [Theory]
    [InlineData("0400340002", "040443668000", ReplyVerdict.Accepted, 0)]
    [InlineData("0400340002", "0404436680", ReplyVerdict.Mismatch, 0)]
    [InlineData("0400340002", "04024366", ReplyVerdict.Mismatch, 0)]
    [InlineData("0400340002", "030443668000", ReplyVerdict.Mismatch, 0)]
    [InlineData("0400340002", "8402", ReplyVerdict.Exception, 2)]
    [InlineData("0400340002", "8302", ReplyVerdict.Mismatch, 0)]
    [InlineData("0400340002", "840200", ReplyVerdict.Mismatch, 2)]
    [InlineData("060001ABCD", "060001ABCD", ReplyVerdict.Accepted, 0)]
    [InlineData("060001ABCD", "060001ABCE", ReplyVerdict.Mismatch, 0)]
    [InlineData("100001000204000A0102", "1000010002", ReplyVerdict.Accepted, 0)]
    [InlineData("100001000204000A0102", "1000010001", ReplyVerdict.Mismatch, 0)]
    [InlineData("0F0013000A02CD01", "8F04", ReplyVerdict.Exception, 4)]
    public void A_reply_is_judged_against_its_request(string request, string reply, ReplyVerdict expected, byte code)
    {
        Assert.Equal(expected, Reply.Judge(Convert.FromHexString(request), Convert.FromHexString(reply), out var exception));
        Assert.Equal(code, exception);
    }

    [Fact]
    public void Random_bytes_never_throw_and_a_whole_frame_is_never_longer_than_what_came()
    {
        var bytes = ArbMap.Default.ArbFor<byte[]>();
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(2000), Prop.ForAll(bytes, data =>
        {
            var mbap = MbapFrame.TryRead(data, out var frame);
            var rtu = RtuFrame.TryReadReply(data, out var reply);
            RtuFrame.TryReadRequest(data, out _);
            Reply.Judge(data, data, out _);
            Reply.Judge([4, 0, 0, 0, 2], data, out _);
            ReadRequest.TryRead(1, data, out _);
            return (mbap != FrameStatus.Complete || frame.Length <= data.Length)
                && (rtu != FrameStatus.Complete || reply.Length <= data.Length);
        }));
    }

    [Fact]
    public void A_reply_is_accepted_only_with_the_function_and_the_byte_count_asked_for()
    {
        // Mutations of a good reply come close to it far more often than random bytes do.
        var random = new Random(20);
        for (var run = 0; run < 20_000; run++)
        {
            var function = (byte)random.Next(1, 5);
            var request = new ReadRequest(1, function, (ushort)random.Next(100), (ushort)random.Next(1, 125));
            var pdu = new byte[5];
            request.WritePdu(pdu);
            var reply = ScriptedServer.Echo(pdu);
            var changed = (byte[])reply.Clone();
            changed[random.Next(2)] ^= (byte)random.Next(256);
            Array.Resize(ref changed, Math.Max(0, changed.Length + random.Next(-1, 2)));

            var same = changed.Length == reply.Length && changed[0] == reply[0] && changed[1] == reply[1];
            Assert.Equal(same, Reply.Judge(pdu, changed, out _) == ReplyVerdict.Accepted);
        }
    }

    [Fact]
    public void Every_single_bit_error_in_a_serial_frame_is_noticed()
    {
        var good = Convert.FromHexString("010404436680006FDF");
        for (var bit = 0; bit < good.Length * 8; bit++)
        {
            var bad = (byte[])good.Clone();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(FrameStatus.Complete, RtuFrame.TryReadReply(bad, out _));
        }
    }

    [Fact]
    public void The_check_string_is_ascii() => Assert.Equal(0x4B37, Crc16.Compute(Encoding.ASCII.GetBytes("123456789")));

    private static string Hex(WriteRequest request) => Convert.ToHexString(request.Pdu.Span);
}
