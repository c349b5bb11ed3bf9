#include "doubles/config_text.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>

namespace doubles {
namespace {

using nlohmann::json;

class Parser {
public:
    explicit Parser(const std::string& text) : text_(text) {}

    json message(char end) {
        static const std::set<std::string> repeated = {"input",        "output",        "instance_group", "dims",
                                                       "model_warmup", "control_input", "control"};
        json fields = json::object();
        while (skip(), peek() != end) {
            const std::string name = word();
            json value = this->value();
            if (name == "parameters" || name == "inputs") {
                for (const json& entry : value.is_array() ? value : json::array({value})) {
                    fields[name][entry.at("key").get<std::string>()] = entry.at("value");
                }
            } else if (repeated.count(name) == 0) {
                fields[name] = std::move(value);
            } else {
                for (json& entry : value.is_array() ? value : json::array({value})) fields[name].push_back(entry);
            }
            take(',');
        }
        if (end != '\0') at_++;
        return fields;
    }

private:
    json value() {
        take(':');
        if (take('{')) return message('}');
        if (take('[')) {
            json list = json::array();
            while (!take(']')) {
                list.push_back(value());
                take(',');
            }
            return list;
        }
        if (peek() == '"') {
            const size_t end = text_.find('"', at_ + 1);
            std::string string = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return string;
        }
        const std::string token = word();
        if (token == "true" || token == "false") return token == "true";
        if (std::isdigit(static_cast<unsigned char>(token.back())) != 0 &&
            token.find_first_not_of("-0123456789") == std::string::npos) {
            return std::stoll(token);
        }
        return token;
    }

    std::string word() {
        skip();
        const size_t start = at_;
        while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_' || peek() == '-') at_++;
        if (start == at_) throw std::runtime_error("config.pbtxt cannot be read at its byte " + std::to_string(at_));
        return text_.substr(start, at_ - start);
    }

    bool take(char wanted) {
        skip();
        if (peek() != wanted) return false;
        at_++;
        return true;
    }

    void skip() {
        while (std::isspace(static_cast<unsigned char>(peek())) != 0 || peek() == '#') {
            if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
            if (at_ < text_.size()) at_++;
        }
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    const std::string& text_;
    size_t at_ = 0;
};

}  // namespace

json parse_config(const std::string& text) { return Parser(text).message('\0'); }

}  // namespace doubles
