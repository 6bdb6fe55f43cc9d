import ArgumentParser
import DaybookModel
import Foundation
import Testing

@testable import Daybook

@Suite("the words of a command line")
struct CommandWordsTests {
  @Test(
    "a span of time is written in units from the largest on, or as seconds",
    arguments: [
      ("0", 0), ("90", 90), ("90s", 90), ("2m", 120), ("1h", 3_600), ("1h30m", 5_400),
      ("90d", 7_776_000), ("1w2d", 777_600), ("1w1d1h1m1s", 694_861),
    ])
  func spans(text: String, seconds: Int64) throws {
    #expect(TimeSpan(text)?.seconds == seconds)
    // What it says of itself means the same.
    #expect(TimeSpan(TimeSpan(seconds: seconds).description)?.seconds == seconds)
  }

  @Test(
    "what is no span of time is none",
    arguments: [
      "", "h", "1x", "1h1h", "1m1h", "-1", "-1h", "+5", "1.5h", "1h ", " 1h", "1 h", "1h30",
      "9223372036854775808", "9223372036854775807w", "20000000000000w20000000000000d", "１h",
    ])
  func noSpans(text: String) {
    #expect(TimeSpan(text) == nil)
    #expect(throws: (any Error).self) { try TimeSpan.parse(text) }
  }

  @Test("a number below zero is the value of the option before it")
  func negatives() {
    func joined(_ line: String) -> [String] {
      CommandArguments.joiningNegatives(line.split(separator: " ").map(String.init))
    }
    #expect(joined("history --limit -1 --json") == ["history", "--limit=-1", "--json"])
    #expect(joined("token --expires-in -1h") == ["token", "--expires-in=-1h"])
    #expect(joined("log dump --from=3 -1") == ["log", "dump", "--from=3", "-1"])
    #expect(joined("send -h -- -1") == ["send", "-h", "--", "-1"])
    #expect(joined("-1 --x -y") == ["-1", "--x", "-y"])
  }

  @Test("that a program is to be told is seen before anything is parsed")
  func programs() {
    #expect(CommandArguments.areForProgram(["nonsense", "--json"]))
    #expect(!CommandArguments.areForProgram(["send", "--", "--json"]))
    #expect(!CommandArguments.areForProgram(["history", "--jsonx"]))
  }

  private func refusal(_ line: String) -> String? {
    do throws(DaybookError) {
      try CommandNames(DaybookCommand.self).check(line.split(separator: " ").map(String.init))
      return nil
    } catch {
      #expect(error.code == .invalidArgument)
      return error.message
    }
  }

  @Test(
    "a command that there isn't is named, with what was probably meant",
    arguments: [
      ("serv", "no such command 'daybook serv'; did you mean 'daybook serve'?"),
      ("hlep", "did you mean"), ("group shwo x", "did you mean 'daybook group show'?"),
      ("dump", "did you mean 'daybook log dump'?"), ("xyzzy", "there are init, serve"),
      ("help foo", "no such command 'daybook foo'"), ("help log foo", "no such command"),
      ("help history foo", "'daybook history' has no commands of its own"),
      ("group --data x", "unknown option '--data': 'daybook group' is followed by one of"),
      ("--data x serve", "unknown option '--data'"),
    ])
  func names(line: String, expected: String) throws {
    let message = try #require(refusal(line))
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    "what there is is left to the parser",
    arguments: [
      "", "serve", "serve --nonsense", "help", "help serve", "help group show", "group --help",
      "--version", "-h", "--generate-completion-script bash", "--generate-completion-script=zsh",
      "group show x y z", "history serv",
    ])
  func known(line: String) {
    // `help` is the parser's own, as is what follows a command.
    #expect(refusal(line) == nil)
  }

  @Test("of a help page, what stands behind USAGE is folded too")
  func usage() {
    let page = """
      OVERVIEW: Print.

      USAGE: daybook history [--data <data>] --user <user> --with <peer> [--json]
             daybook history --group <group>

      OPTIONS:
        --a-long-option-that-is-not-of-the-usage-stays-as-it-is
      """
    let lines = HelpText.folded(page, to: 40).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[2] == "USAGE: daybook history [--data <data>]")
    #expect(lines[3] == "         --user <user> --with <peer>")
    #expect(lines[4] == "         [--json]")
    #expect(lines[5] == "       daybook history --group <group>")
    #expect(lines.last == "  --a-long-option-that-is-not-of-the-usage-stays-as-it-is")
    #expect(HelpText.folded(page, to: 200) == page)
  }

  @Test(
    "what the parser finds wrong is said in the words of all other errors",
    arguments: [
      ("history --data d --group g --limit abc", "--limit takes a number, not 'abc'"),
      ("log dump --data d --from 1.5", "--from takes a number, not '1.5'"),
      ("history --data d --group g --limit", "--limit lacks its value: --limit <limit>"),
      ("serve --data d --log-format xml", "--log-format is one of 'text' and 'json', not 'xml'"),
      (
        "serve --data d --log-level loud",
        "--log-level is one of trace, debug, info, notice, warning, error, critical, not 'loud'"
      ),
      (
        "serve --data d --recall-limit x",
        "--recall-limit can't be 'x': a span of time is written as 90d, 12h, 1h30m or 1w2d "
          + "(w, d, h, m, s), or as seconds"
      ),
      ("group show --data d", "<group> is missing"),
      ("receipts --data d --group g", "--message <message> is missing"),
      ("history more --data d --group g", "unexpected argument 'more'"),
      ("history --json=x --data d --group g", "--json takes no value: leave 'x' out"),
      (
        "history --data d --group g --limti 3",
        "unknown option '--limti'; did you mean '--limit'?"
      ),
      ("history --data d --group g --foo", "unknown option '--foo'"),
      ("history --data d --group g --qqqqqqqqqq", "unknown option '--qqqqqqqqqq'"),
      ("history --data d --group g --limit 0", "--limit is 1 or more, not 0"),
      ("unread --data d", "say whose (--user): only a device's token says it by itself"),
      (
        "history --data d --with a",
        "say whose mailbox to look in (--user): only a device's token says it by itself"
      ),
      (
        "history --data d --group g --before 7 --follow",
        "--follow goes on behind the newest message: leave out --before"
      ),
    ])
  func parser(line: String, words: String) {
    do {
      _ = try DaybookCommand.parseAsRoot(line.split(separator: " ").map(String.init))
      Issue.record("\(line) was taken")
    } catch {
      #expect(ParserWords.inOurs(DaybookCommand.message(for: error)) == words)
    }
  }

  @Test(
    "who asks for what isn't there is shown where what there is stands",
    arguments: [
      (
        ErrorCode.groupNotFound, "there is no group/a; create it first",
        "there is no group/a: 'daybook group list' shows what there is"
      ),
      (
        .groupNotFound, "there is no group 'a:b;c': check the name",
        "there is no group 'a:b;c': 'daybook group list' shows what there is"
      ),
      (
        .unknownUser, "nobody called 'x' is known: check the name",
        "nobody called 'x' is known: 'daybook user list' shows what there is"
      ),
      (
        .unknownDevice, "x has no device 'y': check its name",
        "x has no device 'y': 'daybook user show' shows what there is"
      ),
      (.groupExists, "there is a: take another", "there is a: take another"),
    ])
  func lists(code: ErrorCode, message: String, words: String) {
    #expect(
      ErrorReport.line(DaybookError(code, message), forProgram: false)
        == "daybook: \(code.name): \(words)")
  }

  @Test("what went wrong is one line, for people or for programs")
  func errors() throws {
    let error = DaybookError(.unreachable, "no server\nanswers at \u{1b}x")
    #expect(
      ErrorReport.line(error, forProgram: false)
        == "daybook: unreachable: no server answers at \u{241b}x")
    let line = ErrorReport.line(error, forProgram: true)
    #expect(!line.contains("\n"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["error"] as? String == "unreachable" && object["code"] as? Int == 607)
    #expect(object["temporary"] as? Bool == true)
    #expect(object["message"] as? String == "no server answers at \u{1b}x")
    #expect(object.count == 4)
  }
}
