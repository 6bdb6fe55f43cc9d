import DaybookModel
import Testing

@testable import Importing

@Suite("A text in Slack's markup")
struct SlackTextTests {
  private func text(_ source: String) throws -> SlackText {
    let channels = "[{\"id\": \"C7\", \"name\": \"garden\"}]"
    return SlackText(source, try SlackSamples.export(["channels.json": channels]).directory)
  }

  @Test(
    "becomes what people read",
    arguments: [
      ("", ""), ("plain", "plain"),
      ("*bold* _italic_ `code` :tada:", "*bold* _italic_ `code` :tada:"),
      ("a &amp; b &lt;c&gt;", "a & b <c>"), ("&amp;lt; &amp;amp;", "&lt; &amp;"),
      ("&nbsp; &", "&nbsp; &"),
      ("<@ANN>", "@ann"), ("<@ANN|whoever>:", "@ann:"), ("<@ANN>\u{fe0f}!", "@ann\u{fe0f}!"),
      ("<@U99X>", "@u99x"),
      ("<#C7>", "#garden"), ("<#C7|>", "#garden"), ("<#C8|other>", "#other"), ("<#C9>", "#C9"),
      ("<!here> <!channel> <!everyone|@everyone>", "@everyone @everyone @everyone"),
      ("<!subteam^S1|@gardeners>", "@gardeners"), ("<!subteam^S1>", "@S1"),
      ("<!date^1392734382^{date}|18 Feb>", "18 Feb"),
      ("<https://a.example/?b=1&amp;c=2>", "https://a.example/?b=1&c=2"),
      ("<https://a.example|a &lt; b>", "a < b (https://a.example)"),
      ("<https://a.example|https://a.example>", "https://a.example"),
      ("<https://a.example|>", "https://a.example"),
      ("<https://a.example|a|b>", "a|b (https://a.example)"),
      ("<mailto:a@b.example|a@b.example>", "a@b.example"),
      ("<mailto:a@b.example|Ann>", "Ann (mailto:a@b.example)"),
      ("<tel:1|1>", "1"), ("<tel:+4930123|call us>", "call us (tel:+4930123)"),
      ("<http://a.example|a.example>", "a.example"), ("<@DAN>", "@Dan D."),
      ("<@U99X|eve>", "@eve"), ("<!date^1392734382^{date}>", "2014-02-18T14:39:42.000Z"),
      ("1 < 2", "1 < 2"), ("<", "<"), ("<>", "<>"), ("<@ANN", "<@ANN"), ("> quote", "> quote"),
    ])
  func read(source: String, expected: String) throws {
    #expect(try text(source).text == expected)
  }

  @Test("mentions each user once, in order, and everyone if anybody calls all")
  func mentions() throws {
    let some = try text("<@BOB> <@ANN> <@BOB> @cat")
    #expect(some.mentions.map(\.text) == ["bob", "ann"] && !some.mentionsEveryone)
    let all = try text("<!here>")
    #expect(all.mentions.isEmpty && all.mentionsEveryone)
    #expect(try !text("<!subteam^S1|@gardeners>").mentionsEveryone)
  }

  @Test("mentions no more users than a message may")
  func many() throws {
    let many = try text((1...150).map { "<@UX\($0)>" }.joined(separator: " "))
    #expect(many.mentions.count == Limits.mentionsMax)
    #expect(many.text.hasSuffix("@ux150"))
  }
}
