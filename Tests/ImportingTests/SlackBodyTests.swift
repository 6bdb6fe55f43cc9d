import DaybookModel
import Testing

@testable import Importing

@Suite("What a Slack message says beside its text")
struct SlackBodyTests {
  private func said(_ members: String) throws -> (text: String, skipped: [String: Int]) {
    let plan = try SlackSamples.plan(
      "{\"type\": \"message\", \"ts\": \"1.0\", \"user\": \"ANN\", \(members)}")
    let texts = plan.commands.compactMap { command -> String? in
      if case .send(let sending) = command.action { sending.text.text } else { nil }
    }
    return (texts.joined(separator: "|"), plan.skipped)
  }

  private func blocks(_ blocks: String, text: String = "") -> String {
    "\"text\": \"\(text)\", \"blocks\": [\(blocks)]"
  }

  @Test(
    "blocks are read as people see them",
    arguments: [
      (
        #"{"type": "section", "text": {"type": "mrkdwn", "text": "disk &lt; 3 % for <@BOB>"}}"#,
        "disk < 3 % for @bob"
      ),
      (
        #"""
        {"type": "section", "text": {"type": "plain_text", "text": "a &amp; b"}, "fields":
        [{"type": "mrkdwn", "text": "*x*"}, {"type": "plain_text", "text": "y"}], "accessory":
        {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://a.example"}}
        """#, "a & b\n*x*\ny\n[Open: https://a.example]"
      ),
      (#"{"type": "header", "text": {"type": "plain_text", "text": "Title"}}"#, "Title"),
      (
        #"""
        {"type": "context", "elements": [{"type": "image", "alt_text": "icon", "image_url": "https://i"},
        {"type": "mrkdwn", "text": "by ops"}]}
        """#, "[image: icon, https://i] by ops"
      ),
      (
        #"""
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Yes"}},
        {"type": "static_select", "placeholder": {"type": "plain_text", "text": "pick"}},
        {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "o"}}]}]}
        """#, "[Yes] [pick] [o]"
      ),
      (
        #"{"type": "image", "title": {"type": "plain_text", "text": "T"}, "image_url": "https://i"}"#,
        "[image: T, https://i]"
      ),
      (
        #"""
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}],
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements":
        [{"type": "text", "text": "c"}]}]}, {"type": "raw_number", "text": "2"}]]}
        """#, "a | b\nc | 2"
      ),
      (#"{"type": "markdown", "text": "as *it* is"}"#, "as *it* is"),
      (
        #"""
        {"type": "video", "title": {"type": "plain_text", "text": "V"}, "title_url": "https://v"}
        """#, "[video: V, https://v]"
      ),
    ])
  func block(block: String, expected: String) throws {
    let (text, skipped) = try said(blocks(block))
    #expect(text == expected)
    #expect(skipped.isEmpty)
  }

  @Test("rich text has all its elements")
  func richText() throws {
    let (text, skipped) = try said(
      blocks(
        #"""
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
          {"type": "text", "text": "one "}, {"type": "text", "text": "bold ", "style": {"bold": true}},
          {"type": "text", "text": "x", "style": {"code": true, "italic": true, "strike": true}},
          {"type": "link", "url": "https://a.example", "text": "a"}, {"type": "user", "user_id": "DAN"},
          {"type": "channel", "channel_id": "C1"}, {"type": "emoji", "name": "tada"},
          {"type": "broadcast", "range": "here"}, {"type": "usergroup", "usergroup_id": "S1"},
          {"type": "date", "timestamp": 1392734382, "fallback": "18 Feb"}, {"type": "color", "value": "#fff"}]},
         {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [
          {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
          {"type": "rich_text_section", "elements": [{"type": "text", "text": "second"}]}]},
         {"type": "rich_text_list", "style": "bullet", "elements": [
          {"type": "rich_text_section", "elements": [{"type": "text", "text": "dot"}]}]},
         {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said\nso"}]},
         {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "let x = 1"}]}]}
        """#))
    #expect(
      text == """
        one *bold* _~`x`~_a (https://a.example)@Dan D.#talk:tada:@everyone@S118 Feb#fff
          1. first
          2. second
        • dot
        > said
        > so
        ```
        let x = 1
        ```
        """)
    #expect(skipped.isEmpty)
  }

  @Test("what repeats the text is left out, and what it doesn't say comes behind it")
  func twice() throws {
    let rich = #"""
      {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements":
      [{"type": "text", "text": "hello", "style": {"bold": true}}]}]}
      """#
    #expect(try said(blocks(rich, text: "*hello*")).text == "*hello*")
    let section = #"{"type": "section", "text": {"type": "mrkdwn", "text": "Build 17 failed"}}"#
    #expect(try said(blocks(section, text: "Build 17 failed")).text == "Build 17 failed")
    #expect(try said(blocks(section, text: "failed")).text == "failed\nBuild 17 failed")
    #expect(
      try said(blocks(section, text: "Build 17 failed twice")).text.hasSuffix("\nBuild 17 failed"))
  }

  @Test(
    "attachments come behind the text, with all their words",
    arguments: [
      (
        #"""
        {"title": "job", "title_link": "https://ci", "pretext": "before", "text": "line 12",
         "fields": [{"title": "branch", "value": "main"}, {"value": "alone"}], "footer": "CI",
         "fallback": "no more needed", "image_url": "https://i/1.png"}
        """#,
        "t\nbefore\njob (https://ci)\nline 12\nbranch: main\nalone\n[image: https://i/1.png]\nCI"
      ),
      (#"{"fallback": "only <https://a|this>"}"#, "t\nonly this (https://a)"),
      (
        #"""
        {"is_share": true, "is_msg_unfurl": true, "author_name": "Ben", "channel_name": "odd",
         "from_url": "https://s/1", "text": "moved to Friday", "fallback": "Ben: moved to Friday"}
        """#, "t\n[message of Ben in #odd, https://s/1]\nmoved to Friday"
      ),
      (
        #"""
        {"is_share": true, "author_id": "DAN", "channel_id": "C1", "message_blocks": [{"message":
         {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "deep"}}]}}],
         "files": [{"name": "a.pdf", "url_private": "https://f/a?t=secret"}]}
        """#, "t\n[message of Dan D. in #talk]\ndeep\n[file: a.pdf, https://f/a]"
      ),
      (
        #"""
        {"service_name": "Example", "title": "A page", "title_link": "https://p", "text": "about",
         "thumb_url": "https://t"}
        """#, "t\nExample\nA page (https://p)\nabout\n[image: https://t]"
      ),
      (
        #"{"text": "vote", "actions": [{"type": "button", "text": "Yes"}, {"name": "no", "url": "https://n"}]}"#,
        "t\nvote\n[Yes]\n[no: https://n]"
      ),
      (#"{"text": "t"}"#, "t"),
    ])
  func attachment(attachment: String, expected: String) throws {
    let (text, skipped) = try said("\"text\": \"t\", \"attachments\": [\(attachment)]")
    #expect(text == expected)
    #expect(skipped.isEmpty)
  }

  @Test("what nothing can be made of is counted by what it is")
  func counted() throws {
    let (text, skipped) = try said(
      blocks(
        #"""
        {"type": "divider"}, {"type": "call"}, {"type": "share_shortcut"},
        {"type": "actions", "elements": [{"type": "datepicker"}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_new"}, {"type": "rich_text_section",
         "elements": [{"type": "hologram"}]}]}
        """#) + ", \"attachments\": [{\"color\": \"red\"}]")
    #expect(text.isEmpty)
    #expect(
      skipped == [
        "block_call": 1, "block_share_shortcut": 1, "element_datepicker": 1,
        "block_rich_text_new": 1, "element_hologram": 1, "attachment": 1, "empty": 1,
      ])
  }

  @Test("a text that is longer than a message may be is cut, and counted")
  func cut() throws {
    let long = String(repeating: "é", count: 40_000)
    let (text, skipped) = try said("\"text\": \"\(long)\"")
    #expect(text.utf8.count <= SlackBody.textBytesMax && text.hasSuffix("é…"))
    #expect(skipped == ["text_cut": 1])
  }

  @Test(
    "a reaction is its emoji where the name is known, and the name where not",
    arguments: [
      ("tada", "🎉"), ("+1", "👍"), ("+1::skin-tone-3", "👍🏼"),
      ("+1::skin-tone-9", ":+1::skin-tone-9:"),
      ("party_parrot", ":party_parrot:"), ("", "::"),
    ])
  func emoji(name: String, expected: String) {
    #expect(SlackEmoji.reaction(name) == expected)
  }
}
