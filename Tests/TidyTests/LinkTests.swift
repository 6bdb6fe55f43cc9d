import Foundation
import Testing

/// Links between documents of the repository.
enum Links {
  /// Targets of inline links, without those to other sites and to places within the page.
  static func relative(in markdown: String) -> [String] {
    markdown.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap {
      let target = $0.prefix { $0 != ")" }.split(separator: "#", omittingEmptySubsequences: false)[
        0]
      return target.isEmpty || target.contains(":") ? nil : String(target)
    }
  }
}

/// Sources that a page names: files in backquotes, and what stands in brackets beside an arrow, such
/// as `[Requests/QueryRequests, Visibility]`.
enum NamedSources {
  static func files(in markdown: String) -> [String] {
    // `…Rows.swift` is a kind of file.
    markdown.backquoted.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("…") }
  }

  /// Folders, or files without their ending.
  static func places(in markdown: String) -> [String] {
    markdown.split(separator: "[").dropFirst().flatMap { part -> [String] in
      let inside = part.prefix { $0 != "]" && $0 != "\n" }
      let names = inside.split { ", …".contains($0) }.map(String.init)
      guard let first = names.first, first.contains("/"), !first.contains(".") else { return [] }
      let module = first.prefix { $0 != "/" }
      return [first] + names.dropFirst().map { "\(module)/\($0)" }
    }
  }
}

@Suite("Links")
struct LinkTests {
  @Test("every source that ARCHITECTURE.md names is there")
  func sources() throws {
    let text = try Repository.text("ARCHITECTURE.md")
    let paths = try Repository.swiftFiles(below: "Sources").map(\.path)
    let (files, places) = (NamedSources.files(in: text), NamedSources.places(in: text))
    #expect(files.count > 5 && places.count > 5)
    for file in files {
      let isThere = paths.contains { $0 == "Sources/\(file)" || $0.hasSuffix("/\(file)") }
      #expect(
        isThere, "ARCHITECTURE.md names \(file), which is not there: whoever looks is sent astray")
    }
    for place in places {
      let parts = place.split(separator: "/")
      let isThere = paths.contains { path in
        path.hasPrefix("Sources/\(place)/") || path == "Sources/\(place).swift"
          || (path.hasPrefix("Sources/\(parts[0])/")
            && path.hasSuffix("/\(parts[parts.count - 1]).swift"))
      }
      #expect(
        isThere, "ARCHITECTURE.md names \(place), which is not there: whoever looks is sent astray")
    }
  }

  @Test("sources are found, and what stands in brackets besides is left out")
  func named() {
    let text = "a `B/C.swift`, `D.swift`, `…E.swift` [E/F, G]  [H] [i](j/k.md) [L/M …]\n  [N/O.md]"
    #expect(NamedSources.files(in: text) == ["B/C.swift", "D.swift"])
    #expect(NamedSources.places(in: text) == ["E/F", "E/G", "L/M"])
  }

  @Test(
    "every relative link leads to a file",
    arguments: [
      "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "schemas/README.md",
      "schemas/wire-protocol.md", "schemas/conversation.md",
      "schemas/tokens.md", "schemas/limits.md",
    ])
  func lead(page: String) throws {
    let links = Links.relative(in: try Repository.text(page))
    #expect(!links.isEmpty)
    let folder = Repository.root.appending(path: page).deletingLastPathComponent()
    for link in links {
      let isThere = FileManager.default.fileExists(atPath: folder.appending(path: link).path)
      #expect(isThere, "\(page) links to \(link), which is not there")
    }
  }

  @Test("links are found, and those to elsewhere left out")
  func found() {
    let text = "[a](b.md) and [c](d/e.md#f), [g](https://x.y/z), [h](#i), `[j]` (k)"
    #expect(Links.relative(in: text) == ["b.md", "d/e.md"])
  }
}
